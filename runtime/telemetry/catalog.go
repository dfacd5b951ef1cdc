package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Metric is one family of the gateway's own metrics.
type Metric struct {
	// Name is the name that a scrape shows, such as "lintel_requests_total".
	Name string
	// Type is counter, gauge or histogram.
	Type string
	// Help is the sentence that a scrape shows beside the name.
	Help string
	// Labels are the names of its labels, in order.
	Labels []string
}

// Catalog lists the gateway's own metrics. It is where they are declared; those of the
// Go runtime and of the process come from their collectors.
func Catalog() []Metric {
	return []Metric{
		{"lintel_requests_total", "counter", "Requests by domain and status.", []string{"domain", "code"}},
		{"lintel_request_duration_seconds", "histogram", "Time from the head of a request to the end of its response, upgraded connections left out.", []string{"domain"}},
		{"lintel_request_errors_total", "counter", "Requests that did not end well, by reason.", []string{"reason"}},
		{"lintel_request_bytes_total", "counter", "Bytes of request bodies.", []string{"domain"}},
		{"lintel_response_bytes_total", "counter", "Bytes of response bodies.", []string{"domain"}},
		{"lintel_connections", "gauge", "Client connections that are open.", nil},
		{"lintel_connections_refused_total", "counter", "Client connections that were refused before a request was read.", []string{"cause"}},
		{"lintel_panics_total", "counter", "Panics of the program that were contained to a connection; each is a fault to report.", nil},
		{"lintel_tls_handshakes_total", "counter", "TLS handshakes by how they ended and the version that was settled.", []string{"outcome", "tls"}},
		{"lintel_upstream_tls_handshakes_total", "counter", "TLS handshakes with endpoints by how they ended and the version that was settled.", []string{"handshake", "tls"}},
		{"lintel_tls_certificate_expiry_timestamp_seconds", "gauge", "When the certificate that is served expires.", []string{"certificate"}},
		{"lintel_tls_certificate_changes_total", "counter", "Changed files of a certificate by whether they were taken into service; the first load is one.", []string{"certificate", "change"}},
		{"lintel_access_log_dropped_total", "counter", "Access records dropped because the log was not written fast enough.", nil},
		{"lintel_bundle_info", "gauge", "The bundle that is served, as labels; always 1.", []string{"digest", "revision"}},
		{"lintel_bundle_routes", "gauge", "Routes in the bundle that is served.", nil},
		{"lintel_bundle_loaded_timestamp_seconds", "gauge", "When the bundle that is served was loaded.", nil},
		{"lintel_bundle_apply_lag_seconds", "gauge", "Time from the arrival of the mounted bundle to its being served; while it is not served, the time it has waited.", nil},
		{"lintel_on_last_good", "gauge", "1 while a kept bundle is served because the mounted one could not be.", nil},
		{"lintel_reload_success", "gauge", "1 when the last attempt to load a bundle succeeded.", nil},
		{"lintel_reload_total", "counter", "Attempts to load a bundle by result.", []string{"result"}},
		{"lintel_reload_duration_seconds", "gauge", "How long the last attempt took, from the first read to the swap.", nil},
		{"lintel_reload_attempt_timestamp_seconds", "gauge", "When the last attempt was made.", nil},
		{"lintel_swaps_total", "counter", "Swaps of the route table.", nil},
		{"lintel_snapshots_live", "gauge", "Snapshots that are current or still in use by a request or an upgraded connection.", nil},
		{"lintel_build_info", "gauge", "The program, as labels; always 1.", []string{"version", "goversion"}},
	}
}

// Label is a label of the metrics.
type Label struct{ Name, Meaning string }

// Labels lists the labels and what their values are.
func Labels() []Label {
	return []Label{
		{"domain", "The domain of the route that took the request; empty when none did. Beyond 1,024 domains, further ones are \"other\"."},
		{"code", "The status of the response; statuses that are seldom are counted by class (\"4xx\"), and \"none\" is a request that got no answer."},
		{"reason", "The code of the error, as in the body of the answer and in the access log."},
		{"digest", "The digest of the bundle, sha256:<hex>."},
		{"revision", "What the bundle was made from, as `lintel compile --revision` was told."},
		{"result", "loaded: served from now on; unchanged: equal content, only metadata is new; waiting: some of its files are not there yet; rejected: refused, and the one before serves on."},
		{"version", "The release of Lintel."},
		{"cause", "connections: there were as many as the limit allows; connections-per-source: of one client address; proxy-peer: who may not send a PROXY header connected where one is required; proxy-header: none came, or a malformed one; proxy-timeout: it was not whole within headerTimeout."},
		{"outcome", "full and resumed are good handshakes; timeout: not done within handshakeTimeout; closed: the client left; plain-http: it does not speak TLS; client-certificate: its certificate is absent or not good; failed: no version, cipher or protocol in common, or nonsense."},
		{"tls", "The version of TLS, 1.2 or 1.3; none when the handshake ended before one was settled."},
		{"handshake", "full and resumed are good; timeout: not done within the connect timeout; closed: the endpoint closed the connection; certificate-name, certificate-authority, certificate-time, certificate: its certificate is made out for other names, by nobody who is trusted, expired or not valid yet, wrong in another way; client-certificate: it wants one of the gateway, or does not accept it; no-secret: a secret has no usable value, and nobody was connected to; failed: no version, cipher or protocol in common, not TLS, or a refusal without a reason."},
		{"certificate", "The path of the certificate's file, as in the boot config."},
		{"change", "loaded: served from now on; refused: not sound, and the one before serves on."},
		{"goversion", "The version of Go that built it."},
	}
}

// descriptions are the catalog as the registry wants it, by name.
func descriptions() map[string]*prometheus.Desc {
	out := map[string]*prometheus.Desc{}
	for _, m := range Catalog() {
		out[m.Name] = prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
	}
	return out
}
