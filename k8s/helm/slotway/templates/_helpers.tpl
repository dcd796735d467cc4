{{- /* The objects' name: the release's, with the chart's if that is not in it. */ -}}
{{- define "slotway.name" -}}
{{- if contains "slotway" .Release.Name -}}
{{ .Release.Name | trunc 57 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-slotway" .Release.Name | trunc 57 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- /* What tells this release's pods from those of another one. */ -}}
{{- define "slotway.selector" -}}
app.kubernetes.io/name: slotway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "slotway.labels" -}}
{{ include "slotway.selector" . }}
app.kubernetes.io/part-of: slotway
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* slotway.yaml: with a password that is required, its file too. */ -}}
{{- define "slotway.config" -}}
{{- $config := .Values.config -}}
{{- if .Values.password.required -}}
{{- $file := dict "upstream" (dict "password_file" "/run/secrets/slotway/upstream-password") -}}
{{- $config = mergeOverwrite (deepCopy $config) $file -}}
{{- end -}}
{{ toYaml $config }}
{{- end -}}
