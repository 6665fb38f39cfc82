{{- define "dask-cloud-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "dask-cloud-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := include "dask-cloud-operator.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "dask-cloud-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "dask-cloud-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dask-cloud-operator.labels" -}}
{{ include "dask-cloud-operator.labelsWith" (list .) }}
{{- end }}

{{/* The labels of every object, and those of the maps behind the root: (list $ MAP...). Ours win. */}}
{{- define "dask-cloud-operator.labelsWith" -}}
{{- $root := first . }}
{{- $labels := include "dask-cloud-operator.selectorLabels" $root | fromYaml }}
{{- $_ := set $labels "app.kubernetes.io/version" $root.Chart.AppVersion }}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $root.Release.Service }}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_") }}
{{- range rest . }}
{{- $labels = merge $labels . }}
{{- end }}
{{- merge $labels $root.Values.commonLabels | toYaml }}
{{- end }}

{{/* Those of the pods: nothing that a new version of the chart alone would change. */}}
{{- define "dask-cloud-operator.podLabels" -}}
{{- $labels := include "dask-cloud-operator.selectorLabels" . | fromYaml }}
{{- if .Values.identity.azure.clientId }}
{{- $_ := set $labels "azure.workload.identity/use" "true" }}
{{- end }}
{{- merge $labels .Values.podLabels .Values.commonLabels | toYaml }}
{{- end }}

{{- define "dask-cloud-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "dask-cloud-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "dask-cloud-operator.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "dask-cloud-operator.port" -}}
{{- regexFind "[0-9]+$" .Values.settings.httpAddress }}
{{- end }}

{{/* One argument a setting. The lease and the installation are the release's own unless a setting says otherwise. */}}
{{- define "dask-cloud-operator.args" -}}
{{- $name := include "dask-cloud-operator.fullname" . }}
{{- $settings := merge (dict) .Values.settings (dict "installation" $name "leaseName" $name) }}
{{- if .Values.watchNamespaces }}
{{- $_ := set $settings "watchNamespaces" .Values.watchNamespaces }}
{{- end }}
{{- range $key, $value := $settings }}
{{- if kindIs "slice" $value }}
{{- with $value }}
- {{ printf "--%s=%s" (kebabcase $key) (join "," .) | quote }}
{{- end }}
{{- else if not (kindIs "invalid" $value) }}
- {{ printf "--%s=%v" (kebabcase $key) $value | quote }}
{{- end }}
{{- end }}
{{- if has "--no-leader-elect" .Values.extraArgs }}
{{- fail "extraArgs: --no-leader-elect would let two pods work at once, whenever one takes the place of another" }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "dask-cloud-operator.identityAnnotations" -}}
{{- with .Values.identity.aws.roleArn }}
eks.amazonaws.com/role-arn: {{ . | quote }}
{{- end }}
{{- with .Values.identity.azure.clientId }}
azure.workload.identity/client-id: {{ . | quote }}
{{- end }}
{{- with .Values.identity.azure.tenantId }}
azure.workload.identity/tenant-id: {{ . | quote }}
{{- end }}
{{- with .Values.identity.gcp.serviceAccount }}
iam.gke.io/gcp-service-account: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Classes are of the whole cluster: with watchNamespaces there are none. */}}
{{- define "dask-cloud-operator.servesClasses" -}}
{{- if and (not .Values.watchNamespaces) (ne (.Values.settings.classes | default "auto") "off") }}yes{{ end }}
{{- end }}

{{/* The rights about clusters: in all namespaces, or in each that is watched. */}}
{{- define "dask-cloud-operator.clusterRules" -}}
# Deleted only when spec.lifetime.ttl says so.
- apiGroups: [cloud.dask.org]
  resources: [daskcloudclusters]
  verbs: [get, list, watch, patch, delete]
- apiGroups: [cloud.dask.org]
  resources: [daskcloudclusters/status]
  verbs: [patch]
# NAME-client in the namespace of each cluster, and the finalizer of Secrets that clusters name; never listed there.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, update, patch, delete]
# For security.tls.mode Issuer alone.
- apiGroups: [cert-manager.io]
  resources: [certificates]
  verbs: [get, create, patch, delete]
# NAME-scheduler in the namespace of each cluster; never listed.
- apiGroups: [""]
  resources: [services]
  verbs: [get, create, patch, delete]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
