{{/* lintel.seconds is a duration such as 1m30s in whole seconds, rounded up. */}}
{{- define "lintel.seconds" -}}
{{- $units := dict "h" 3600.0 "m" 60.0 "s" 1.0 "ms" 0.001 "us" 0.000001 "ns" 0.000000001 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9.]+[a-z]+" (toString .) -1 -}}
{{- $sum = addf $sum (mulf (float64 (regexFind "[0-9.]+" .)) (get $units (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- ceil $sum | int -}}
{{- end -}}

{{/* lintel.grace is how long a pod may take to end, in seconds. */}}
{{- define "lintel.grace" -}}
{{- $drain := .Values.drain -}}
{{- $least := add (include "lintel.seconds" $drain.timeout | int) (include "lintel.seconds" $drain.readinessDelay | int) -}}
{{- $grace := add $least $drain.marginSeconds -}}
{{- if not (kindIs "invalid" $drain.terminationGracePeriodSeconds) -}}
{{- $grace = int $drain.terminationGracePeriodSeconds -}}
{{- if lt (int $grace) (int $least) -}}
{{- fail (printf "drain.terminationGracePeriodSeconds is %d, but drain.timeout and drain.readinessDelay take %d seconds: the kubelet would kill gateways that still drain; raise it, or leave it null" (int $grace) (int $least)) -}}
{{- end -}}
{{- end -}}
{{- int $grace -}}
{{- end -}}

{{/*
lintel.listeners is what the listeners come to, as JSON: for each that has a port
{port, name, tls, http3, servicePort}.
*/}}
{{- define "lintel.listeners" -}}
{{- $root := . -}}
{{- $out := list -}}
{{- $ports := dict -}}
{{- $taken := dict -}}
{{- range .Values.boot.listeners -}}
{{- if hasPrefix "systemd:" .address -}}
{{- fail (printf "boot.listeners: %s: there is no systemd in a pod; give host:port" .address) -}}
{{- end -}}
{{- if not (hasPrefix "unix:" .address) -}}
{{- $port := regexFind "[0-9]+$" .address -}}
{{- if not $port -}}
{{- fail (printf "boot.listeners: %q has no port; give host:port such as 0.0.0.0:8080" .address) -}}
{{- end -}}
{{- if hasKey $ports $port -}}
{{- fail (printf "boot.listeners: port %s is there twice" $port) -}}
{{- end -}}
{{- if eq (int $port) (int $root.Values.admin.port) -}}
{{- fail (printf "boot.listeners: port %s is that of admin.port; give one of them another" $port) -}}
{{- end -}}
{{- $_ := set $ports $port true -}}
{{- $scheme := ternary "https" "http" (hasKey . "tls") -}}
{{- $name := ternary (printf "%s-%s" $scheme $port) $scheme (hasKey $taken $scheme) -}}
{{- $servicePort := int $port -}}
{{- if hasKey $root.Values.service.ports $port -}}
{{- $servicePort = get $root.Values.service.ports $port | int -}}
{{- else if not (hasKey $taken $scheme) -}}
{{- $servicePort = ternary 443 80 (eq $scheme "https") -}}
{{- end -}}
{{- $_ := set $taken $scheme true -}}
{{- $out = append $out (dict "port" (int $port) "name" $name "scheme" $scheme "http3" (has (toString .http3) (list "on" "true")) "servicePort" $servicePort) -}}
{{- end -}}
{{- end -}}
{{- $service := dict -}}
{{- range $out -}}
{{- if hasKey $service (toString .servicePort) -}}
{{- fail (printf "service.ports: two listeners come to port %d of the Service; give one of them another" .servicePort) -}}
{{- end -}}
{{- $_ := set $service (toString .servicePort) true -}}
{{- end -}}
{{- range $port, $_ := .Values.service.ports -}}
{{- if not (hasKey $ports $port) -}}
{{- fail (printf "service.ports: no listener has port %s" $port) -}}
{{- end -}}
{{- end -}}
{{- toJson $out -}}
{{- end -}}

{{/*
lintel.boot is the boot config: what boot says, and what the chart knows. YAML as
Helm reads it takes a bare on or off for a boolean.
*/}}
{{- define "lintel.boot" -}}
{{- $boot := deepCopy .Values.boot -}}
{{- $ports := dict -}}
{{- range include "lintel.listeners" . | fromJsonArray -}}
{{- $_ := set $ports (toString .port) .servicePort -}}
{{- end -}}
{{- range $boot.listeners -}}
{{- $listener := . -}}
{{- range tuple "http2" "http3" "proxyProtocol" -}}
{{- if kindIs "bool" (get $listener .) -}}
{{- $_ := set $listener . (ternary "on" "off" (get $listener .)) -}}
{{- end -}}
{{- end -}}
{{- if and $.Values.service.enabled (has (toString .http3) (list "on" "true")) (not .http3Port) -}}
{{- $_ := set . "http3Port" (get $ports (regexFind "[0-9]+$" .address) | int) -}}
{{- end -}}
{{- end -}}
{{- if kindIs "bool" $boot.accessLog -}}
{{- $_ := set $boot "accessLog" (ternary "stdout" "off" $boot.accessLog) -}}
{{- end -}}
{{- $_ := set $boot "admin" (dict "address" (printf "0.0.0.0:%d" (int .Values.admin.port))) -}}
{{- $bundle := $boot.bundle | default dict -}}
{{- $_ := set $bundle "dir" "/etc/lintel/bundle" -}}
{{- $_ := set $bundle "stateDir" "/var/lib/lintel" -}}
{{- if .Values.fallback.enabled -}}
{{- $_ := set $bundle "fallback" "/etc/lintel/fallback" -}}
{{- end -}}
{{- if .Values.bundle.verifyKey -}}
{{- $_ := set $bundle "verifyKey" "/etc/lintel/keys/bundle.pub" -}}
{{- end -}}
{{- $_ := set $boot "bundle" $bundle -}}
{{- $_ := set $boot "secretsDir" "/etc/lintel/secrets" -}}
{{- $_ := set $boot "drain" (dict "timeout" .Values.drain.timeout "readinessDelay" .Values.drain.readinessDelay "rate" (int .Values.drain.rate)) -}}
{{- toYaml $boot -}}
{{- end -}}
