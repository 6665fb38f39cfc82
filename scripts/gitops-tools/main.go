// gitops judges resources as Argo CD and Flux would, with what those are made of: Argo CD's interpreter of Lua, kstatus and
// CEL, and Flux's own type of a Kustomization. It takes one JSON document and prints what it makes of each object.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/google/cel-go/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type asked struct {
	// Lua is the script of Argo CD's ConfigMap.
	Lua string `json:"lua"`
	// Kustomization has the health check expressions.
	Kustomization json.RawMessage   `json:"kustomization"`
	Objects       []json.RawMessage `json:"objects"`
}

type judged struct {
	Argo    string `json:"argo"`
	Message string `json:"message"`
	Kstatus string `json:"kstatus"`
	Flux    string `json:"flux"`
}

func main() {
	all, err := run()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(all)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() ([]judged, error) {
	var in asked
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return nil, err
	}
	var flux kustomize.Kustomization
	strict := json.NewDecoder(bytes.NewReader(in.Kustomization))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&flux); err != nil {
		return nil, fmt.Errorf("the Kustomization: %w", err)
	}
	if len(flux.Spec.HealthCheckExprs) != 1 {
		return nil, errors.New("the Kustomization has not one health check expression")
	}
	exprs := flux.Spec.HealthCheckExprs[0]
	all := []judged{}
	for _, raw := range in.Objects {
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(raw); err != nil {
			return nil, err
		}
		if u.GetAPIVersion() != exprs.APIVersion || u.GetKind() != exprs.Kind {
			return nil, fmt.Errorf("the expressions are not for %s", u.GetKind())
		}
		one, err := judge(in.Lua, [3]string{exprs.InProgress, exprs.Failed, exprs.Current}, u)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func judge(script string, exprs [3]string, u *unstructured.Unstructured) (judged, error) {
	argo, message, err := byLua(script, u.Object)
	if err != nil {
		return judged{}, err
	}
	result, err := status.Compute(u)
	if err != nil {
		return judged{}, err
	}
	flux, err := byCEL(exprs, u.Object)
	return judged{Argo: argo, Message: message, Kstatus: result.Status.String(), Flux: flux}, err
}

// byLua runs the script with the libraries that Argo CD opens unless it is told to open all of them.
func byLua(script string, object map[string]any) (string, string, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	health, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", errors.New("the script returned no table")
	}
	return lua.LVAsString(health.RawGetString("status")), lua.LVAsString(health.RawGetString("message")), nil
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for name, each := range value {
			table.RawSetString(name, valueOf(state, each))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, each := range value {
			table.Append(valueOf(state, each))
		}
		return table
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	default:
		return lua.LNil
	}
}

// byCEL asks in Flux's order: a generation that was not observed, then inProgress, failed and current.
func byCEL(exprs [3]string, object map[string]any) (string, error) {
	observed, found, _ := unstructured.NestedInt64(object, "status", "observedGeneration")
	generation, _, _ := unstructured.NestedInt64(object, "metadata", "generation")
	if found && observed != generation {
		return "InProgress", nil
	}
	env, err := cel.NewEnv()
	if err != nil {
		return "", err
	}
	for at, means := range []string{"InProgress", "Failed", "Current"} {
		parsed, issues := env.Parse(exprs[at])
		if issues.Err() != nil {
			return "", issues.Err()
		}
		program, err := env.Program(parsed)
		if err != nil {
			return "", err
		}
		value, _, err := program.Eval(object)
		if err != nil {
			return "", fmt.Errorf("%s: %w", means, err)
		}
		if value.Value() == true {
			return means, nil
		}
	}
	return "InProgress", nil
}
