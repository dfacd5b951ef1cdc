{{/* lintel.parts are the ConfigMaps of a bundle as sources of a projected volume; takes (list . NAME). */}}
{{- define "lintel.parts" -}}
{{- $name := index . 1 -}}
{{- range $i := until (int (index . 0).Values.bundle.parts) }}
{{- if $i }}{{ "\n" }}{{ end -}}
- configMap: {name: {{ printf "%s-%d" $name $i }}, optional: true}
{{- end -}}
{{- end -}}

{{/* lintel.secretPath is where a Secret of the list is mounted, below the folder. */}}
{{- define "lintel.secretPath" -}}
{{- .path | default .name -}}
{{- end -}}

{{/* lintel.probe is a probe of the admin port; takes (list SETTINGS PATH). */}}
{{- define "lintel.probe" -}}
httpGet: {path: {{ index . 1 }}, port: admin}
{{ toYaml (index . 0) }}
{{- end -}}

{{/* lintel.template is the pod of a gateway. */}}
{{- define "lintel.template" -}}
metadata:
  labels:
    {{- include "lintel.selector" (list . "gateway") | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/boot: {{ include "lintel.boot" . | sha256sum }}
    {{- with .Values.bundle.verifyKey }}
    checksum/verify-key: {{ . | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  serviceAccountName: {{ include "lintel.name" . }}
  terminationGracePeriodSeconds: {{ include "lintel.grace" . }}
  securityContext:
    {{- include "lintel.podSecurity" . | nindent 4 }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- if and .Values.topologySpread.enabled (eq .Values.kind "Deployment") }}
  topologySpreadConstraints:
    {{- range .Values.topologySpread.keys }}
    - topologyKey: {{ . }}
      maxSkew: {{ $.Values.topologySpread.maxSkew }}
      whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "lintel.selector" (list $ "gateway") | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: gateway
      image: {{ include "lintel.image" (list . .Values.image.repository .Values.image.digest) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [--config, /etc/lintel/boot/gateway.yaml]
      {{- with .Values.env }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- range include "lintel.listeners" . | fromJsonArray }}
        - {name: {{ .name }}, containerPort: {{ .port }}, protocol: TCP}
        {{- if .http3 }}
        - {name: {{ .name | replace "https" "http3" }}, containerPort: {{ .port }}, protocol: UDP}
        {{- end }}
        {{- end }}
        - {name: admin, containerPort: {{ .Values.admin.port }}, protocol: TCP}
      {{- with .Values.probes.startup }}
      startupProbe:
        {{- include "lintel.probe" (list . "/-/live") | nindent 8 }}
      {{- end }}
      {{- with .Values.probes.liveness }}
      livenessProbe:
        {{- include "lintel.probe" (list . "/-/live") | nindent 8 }}
      {{- end }}
      {{- with .Values.probes.readiness }}
      readinessProbe:
        {{- include "lintel.probe" (list . "/-/ready") | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- include "lintel.containerSecurity" . | nindent 8 }}
      volumeMounts:
        {{- include "lintel.mounts" . | nindent 8 }}
  volumes:
    {{- include "lintel.volumes" . | nindent 4 }}
{{- end -}}

{{/* lintel.mounts are the gateway's mounts: whole directories, which the kubelet keeps up to date. */}}
{{- define "lintel.mounts" -}}
- {name: boot, mountPath: /etc/lintel/boot, readOnly: true}
- {name: bundle, mountPath: /etc/lintel/bundle, readOnly: true}
{{- if .Values.fallback.enabled }}
- {name: fallback, mountPath: /etc/lintel/fallback, readOnly: true}
{{- end }}
{{- if .Values.bundle.verifyKey }}
- {name: verify-key, mountPath: /etc/lintel/keys, readOnly: true}
{{- end }}
- {name: state, mountPath: /var/lib/lintel}
{{- range $i, $secret := .Values.secrets }}
{{- $path := include "lintel.secretPath" $secret }}
{{- if and (eq $path ".") (gt (len $.Values.secrets) 1) }}
{{- fail (printf "secrets: %s takes the whole folder (path \".\"), so no other Secret can be there; give each a path of its own" $secret.name) }}
{{- end }}
- {name: secret-{{ $i }}, mountPath: {{ ternary "/etc/lintel/secrets" (printf "/etc/lintel/secrets/%s" $path) (eq $path ".") }}, readOnly: true}
{{- end }}
{{- range $i, $secret := .Values.tls }}
- {name: tls-{{ $i }}, mountPath: /etc/lintel/tls/{{ include "lintel.secretPath" $secret }}, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* lintel.volumes are the gateway's volumes. */}}
{{- define "lintel.volumes" -}}
- name: boot
  configMap: {name: {{ include "lintel.name" . }}-boot}
- name: bundle
  projected:
    sources:
      {{- include "lintel.parts" (list . .Values.bundle.name) | nindent 6 }}
{{- if .Values.fallback.enabled }}
- name: fallback
  projected:
    sources:
      {{- include "lintel.parts" (list . (printf "%s-lastgood" .Values.bundle.name)) | nindent 6 }}
{{- end }}
{{- if .Values.bundle.verifyKey }}
- name: verify-key
  configMap: {name: {{ include "lintel.name" . }}-verify-key}
{{- end }}
- name: state
  emptyDir: {sizeLimit: {{ .Values.stateSize }}}
{{- range $kind, $secrets := dict "secret" .Values.secrets "tls" .Values.tls }}
{{- range $i, $secret := $secrets }}
- name: {{ $kind }}-{{ $i }}
  secret:
    secretName: {{ $secret.name }}
    defaultMode: 0440
    {{- with $secret.items }}
    items:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if $secret.optional }}
    optional: true
    {{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
