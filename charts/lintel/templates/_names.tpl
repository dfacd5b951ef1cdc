{{/* lintel.name is the name of the objects. */}}
{{- define "lintel.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains "lintel" .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-lintel" .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* lintel.selector are the labels that never change; takes (list . COMPONENT). */}}
{{- define "lintel.selector" -}}
app.kubernetes.io/name: lintel
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* lintel.labels are the labels of an object; takes (list . COMPONENT). */}}
{{- define "lintel.labels" -}}
{{- $root := index . 0 -}}
{{ include "lintel.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* lintel.query is the selector of the gateways' pods as one word. */}}
{{- define "lintel.query" -}}
app.kubernetes.io/name=lintel,app.kubernetes.io/component=gateway,app.kubernetes.io/instance={{ .Release.Name }}
{{- end -}}

{{/* lintel.image is a whole reference; takes (list . REPOSITORY DIGEST). */}}
{{- define "lintel.image" -}}
{{- $root := index . 0 -}}
{{- $name := printf "%s/%s" $root.Values.image.registry (index . 1) -}}
{{- if index . 2 -}}
{{ $name }}@{{ index . 2 }}
{{- else -}}
{{ $name }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* lintel.podSecurity is the restricted profile, the pod's half. */}}
{{- define "lintel.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* lintel.containerSecurity is the restricted profile, the container's half. */}}
{{- define "lintel.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
