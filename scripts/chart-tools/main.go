// monitoring reads objects of the Prometheus Operator into its own types, as strictly as an API server would: their
// definitions are on none that runs here. It takes a JSON list of objects and prints how many they are.
package main

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/json"
)

func main() {
	var objects []stdjson.RawMessage
	err := stdjson.NewDecoder(os.Stdin).Decode(&objects)
	for _, raw := range objects {
		err = errors.Join(err, read(raw))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(len(objects))
}

func read(raw []byte) error {
	var about struct{ APIVersion, Kind string }
	if err := stdjson.Unmarshal(raw, &about); err != nil {
		return err
	}
	var into any
	switch about.APIVersion + " " + about.Kind {
	case "monitoring.coreos.com/v1 ServiceMonitor":
		into = &monitoring.ServiceMonitor{}
	case "monitoring.coreos.com/v1 PrometheusRule":
		into = &monitoring.PrometheusRule{}
	default:
		return fmt.Errorf("%s %s is none of the Prometheus Operator's", about.APIVersion, about.Kind)
	}
	unknown, err := json.UnmarshalStrict(raw, into)
	if err = errors.Join(append(unknown, err)...); err != nil {
		return fmt.Errorf("%s: %w", about.Kind, err)
	}
	return nil
}
