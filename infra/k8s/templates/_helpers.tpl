{{/* What every object and every pod has in common. Called with (dict "root" $ "name" "letters"), unless it says otherwise. */}}

{{- define "quill.match" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: quill
{{- end }}

{{- define "quill.labels" -}}
{{ include "quill.match" . }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* How a pod runs; also "user", a number, and "spread", the label of the pods that are spread with it, if any are. */}}
{{- define "quill.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false # their variables, NATS_PORT among them, would be taken for settings
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user | default 10001 }}
  runAsGroup: {{ .user | default 10001 }}
  fsGroup: {{ .user | default 10001 }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- if .spread }}
topologySpreadConstraints:
{{- range $key, $otherwise := dict "topology.kubernetes.io/zone" .root.Values.spread.zones "kubernetes.io/hostname" .root.Values.spread.machines }}
  - topologyKey: {{ $key }}
    maxSkew: 1
    whenUnsatisfiable: {{ $otherwise }}
    labelSelector: {matchLabels: {app.kubernetes.io/name: {{ $.name }}, app.kubernetes.io/part-of: quill}}
    matchLabelKeys: [{{ $.spread }}]
{{- end }}
{{- end }}
{{- end }}

{{/* What a container may not do; also "add", the one capability that Caddy's binary carries. */}}
{{- define "quill.contained" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]{{ with .add }}, add: [{{ . }}]{{ end }}}
{{- end }}

{{/* Environment: "secrets" (variable → key of the secret) first, so that "settings" can refer to them as $(VARIABLE). Also
     "secret", the secret's name, where it is not the common one. There is a previous key only while one is being replaced. */}}
{{- define "quill.env" -}}
{{- range $variable, $key := .secrets }}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ $.secret | default $.root.Values.existingSecret }}, key: {{ $key }}{{ if hasSuffix "_PREVIOUS" $variable }}, optional: true{{ end }}}}
{{- end }}
{{- range $variable, $value := .settings }}
- {name: {{ $variable }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{/* Where a database is: also "database". */}}
{{- define "quill.database-host" -}}
{{- $cluster := required (printf "databases.%s: name one of postgres.clusters" .database) (get .root.Values.databases .database) -}}
{{- if not (hasKey .root.Values.postgres.clusters $cluster) }}{{ fail (printf "databases.%s: no cluster %s in postgres.clusters" .database $cluster) }}{{ end -}}
{{ $cluster }}-rw
{{- end }}

{{/* Each server of a cluster by its own name, since a service leaves one that is cut off from the others for another (ADR 20).
     Also "scheme" and "port", where it is not for clients. */}}
{{- define "quill.nats-urls" -}}
{{- $replicas := int .root.Values.nats.replicas }}
{{- $scheme := .scheme | default "nats" }}
{{- $port := .port | default 4222 }}
{{- $servers := list }}
{{- range until $replicas }}{{ $servers = append $servers (printf "%s://nats-%d.nats-servers:%v" $scheme . $port) }}{{ end -}}
{{ gt $replicas 1 | ternary (join "," $servers) (printf "%s://nats:%v" $scheme $port) }}
{{- end }}

{{/* How many replicas there are, and that not all of them go at once. Also "scaling" (min, max, cpu) and "consumers" (stream →
     its durables), on whose lag KEDA scales, if it is there. */}}
{{- define "quill.scaling" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  labels: {{- include "quill.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{- include "quill.match" . | nindent 6 }}
{{- $stopped := and .root.Values.restoring (ne .name "caddy") }}
{{- $scaled := and (gt (int .scaling.max) (int .scaling.min)) (not $stopped) }}
{{- if and $scaled .consumers .root.Values.keda.enabled }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .name }}
  labels: {{- include "quill.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {name: {{ .name }}}
  minReplicaCount: {{ .scaling.min }}
  maxReplicaCount: {{ .scaling.max }}
  pollingInterval: 15
  triggers:
    - type: cpu
      metricType: Utilization
      metadata: {value: {{ .scaling.cpu | default 60 | quote }}}
{{- range $stream, $durables := .consumers }}
{{- range $durables }}
    - type: nats-jetstream
      metadata:
        natsServerMonitoringEndpoint: nats-servers.{{ $.root.Release.Namespace }}.svc:8222 # it puts a server's name before
        account: QUILL
        stream: {{ $stream }}
        consumer: {{ . }}
        lagThreshold: {{ $.root.Values.keda.lag | quote }}
{{- end }}
{{- end }}
{{- else if $scaled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  labels: {{- include "quill.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .name }}}
  minReplicas: {{ .scaling.min }}
  maxReplicas: {{ .scaling.max }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ .scaling.cpu | default 60 }}}}
{{- end }}
{{- end }}

{{/* What a service is told beside its secrets, as YAML. */}}
{{- define "quill.service-settings" -}}
{{- range list "auth" "patients" "letters" "notify" }}
QUILL_{{ upper . }}_URL: http://{{ . }}:8000
{{- end }}
SERVICE: {{ .name }}
QUILL_PUBLIC_ORIGIN: https://{{ .root.Values.host }}
QUILL_DATABASE_URL: postgresql://{{ .name }}:$(QUILL_DB_PASSWORD)@{{ include "quill.database-host" (dict "root" .root "database" .name) }}:5432/{{ .name }}
QUILL_NATS_URL: {{ include "quill.nats-urls" . }}
QUILL_NATS_USER: {{ .name }}
# Whoever has an address in these ranges may name the caller; what reaches a service at all, arrows.yaml says.
FORWARDED_ALLOW_IPS: {{ join "," .root.Values.network.proxies }}
{{- if eq .name "patients" }}
QUILL_FHIR_URL: http://fhir:8080/fhir
{{- else if eq .name "letters" }}
QUILL_EHRBASE_URL: http://ehrbase:8080/ehrbase/rest/openehr/v1
QUILL_EHRBASE_USER: quill
QUILL_EHRBASE_SYSTEM_ID: {{ .root.Values.ehrbase.systemId }}
{{- end }}
{{- end }}
