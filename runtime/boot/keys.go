package boot

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Key is one setting of the gateway: a key of the boot config, a flag, or both.
type Key struct {
	// Name is the path of the key in the file, such as "limits.headBytes"; "" for what
	// only a flag can say.
	Name string
	// Flag is the flag without its dashes; "" when there is none. A flag wins over the
	// file.
	Flag string
	// Value names the flag's value, such as ADDR; "" for a flag without one.
	Value string
	// Meaning is one sentence without its full stop.
	Meaning string
}

// Keys lists every setting; it is where flags and meanings are declared.
func Keys() []Key {
	return []Key{
		{"", "config", "FILE", "the boot config (YAML); flags win over it"},
		{"bundle.dir", "bundle", "DIR", "directory of the bundle, such as the mount of its ConfigMaps; required, here or there"},
		{"listeners[].address", "listen", "ADDR", "addresses that take traffic: host:port, unix:PATH for a Unix socket, such as unix:/run/lintel/http.sock, or systemd:NAME for the sockets that systemd passes under that name; the flag gives one, with all else of the file's first listener"},
		{"listeners[].limits", "", "", "the keys of limits for the connections of this listener; what it does not say comes from limits; connections and connectionsPerSource count the listener's own, beside those of limits, which count all"},
		{"listeners[].http2", "", "", "on: clients may speak HTTP/2 besides HTTP/1.1, with TLS by ALPN, without by prior knowledge; or off"},
		{"listeners[].http3", "", "", "on: clients may speak HTTP/3 too, over QUIC on the UDP port of the same number, and responses say so (alt-svc, in place of an upstream's); it needs tls; or off"},
		{"listeners[].http3Port", "", "", "UDP port that clients are told, where it is another one than the listener's own, as behind a load balancer"},
		{"listeners[].mode", "", "", "permissions of a Unix socket's file, in octal; 0660 when it is not given"},
		{"listeners[].reusePort", "", "", "true spreads connections over several sockets with the same port (SO_REUSEPORT), one for each processor"},
		{"listeners[].encodedSlash", "", "", "what becomes of a slash that clients write as %2F in a path: keep leaves it (it separates nothing), reject answers 400, decode makes it a slash for routes and upstreams; lintel check and explain show what keep does"},
		{"listeners[].proxyProtocol", "", "", "off, or require: each connection begins with a header of the PROXY protocol, version 1 or 2; the client is the one that it names"},
		{"listeners[].proxyProtocolFrom", "", "", "networks or addresses that may send that header, or unix for those who come over Unix sockets; connections of anybody else are refused; without it those of trustedProxies"},
		{"listeners[].tls.certificates[].cert", "", "", "PEM file with a certificate and those between it and its root; it serves the names that it was issued for, and the first one serves clients that name none of them; read again when it changes"},
		{"listeners[].tls.certificates[].key", "", "", "PEM file with the certificate's private key; read again when it changes"},
		{"listeners[].tls.certificates[].ocsp", "", "", "DER file with a response of OCSP that says that the certificate is not revoked, as openssl ocsp -respout writes it; sent to clients while it is good; read again when it changes"},
		{"listeners[].tls.minVersion", "", "", "oldest version of TLS that clients may use: \"1.2\" or \"1.3\""},
		{"listeners[].tls.ciphers", "", "", "cipher suites for TLS 1.2 by their IANA names, such as [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]; without it Go's choice; those of TLS 1.3 are fixed"},
		{"listeners[].tls.clientAuth.mode", "", "", "none: clients show no certificate; request: one that is shown must be good; require: no handshake without a good one"},
		{"listeners[].tls.clientAuth.ca", "", "", "PEM file with the authorities that issue the clients' certificates, such as /etc/lintel/clients.pem; read again when it changes"},
		{"listeners[].tls.clientAuth.depth", "", "", "most certificates above a client's own, the authority's included"},
		{"listeners[].tls.ticketKeys", "", "", "files with the keys of session tickets, 32 bytes or more each, as of openssl rand -out FILE 80: the first encrypts, and all decrypt; gateways with the same files resume each other's sessions; read again when they change; without them each process makes its own and changes it daily"},
		{"listeners[].tls.handshakeTimeout", "", "", "time that a client has for its handshake, from the first moment of the connection"},
		{"admin.address", "admin", "ADDR", "address of the operator's endpoints and of /metrics; they ask nobody who he is, so keep them off public networks"},
		{"bundle.stateDir", "state-dir", "DIR", "directory that keeps the last good bundle over restarts"},
		{"bundle.fallback", "fallback-bundle", "DIR", "bundle to start with when there is no other good one"},
		{"bundle.verifyKey", "verify-key", "PEM", "file with the Ed25519 public key that must have signed every bundle, kept ones included"},
		{"bundle.poll", "", "", "how often the directory is looked at without a file event"},
		{"secretsDir", "", "", "folder of the secret files; without it no secret has a value, and an empty file is none either"},
		{"trustedProxies", "", "", "networks (10.0.0.0/8) or addresses whose X-Forwarded-* fields are believed, or unix for those who come over Unix sockets"},
		{"limits.requestLineBytes", "", "", "longest request line, in bytes; 414 above it"},
		{"limits.headBytes", "", "", "largest head of a request, in bytes; 431 above it"},
		{"limits.fields", "", "", "most fields in a head; 431 above it"},
		{"limits.streams", "", "", "most streams that a client of HTTP/2 may have open on a connection"},
		{"limits.bodyBytes", "", "", "largest body of a request, in bytes; 413 above it; 0 means no bound"},
		{"limits.connections", "", "", "most client connections at once; 0 means no bound"},
		{"limits.connectionsPerSource", "", "", "most connections of one client address, or of the /64 of an IPv6 one; trusted proxies are not counted; 0 means no bound"},
		{"limits.headerTimeout", "", "", "time to receive a head once it began"},
		{"limits.idleTimeout", "", "", "time between two requests of a connection"},
		{"limits.bodyTimeout", "", "", "silence inside a body"},
		{"limits.bodyRate", "", "", "least speed of a client in a body, in bytes a second: it may keep the gateway waiting for bodyTimeout, and for a second more with every so many bytes that it sends or takes; a request whose response has begun is not judged; 0 means no bound"},
		{"accessLog", "", "", "off, stdout, or the path of a file to append to"},
		{"drain.timeout", "", "", "time that requests and upgraded connections have to end when the gateway stops"},
		{"drain.rate", "", "", "most upgraded connections, such as WebSockets, that end in a second by a swap whose route says onRouteChange: drain; a stop ends them as fast, or faster where drain.timeout needs it"},
		{"drain.readinessDelay", "", "", "how long the gateway goes on accepting after it stopped being ready, so that load balancers notice"},
		{"handover", "handover", "PATH", "Unix socket on which a process that is started anew with the same boot config takes over all listeners; the one before drains and ends"},
		{"dial", "", "", "redirects connects from an endpoint's address (\"*\": from all that are not named) to another; only with --dev"},
		{"dialCA", "", "", "PEM file with the authorities that vouch for where dial leads to, for endpoints that speak TLS; the name that is verified stays the endpoint's"},
		{"", "dev", "", "allow the boot keys dial and dialCA, and add the headers x-lintel-route, x-lintel-bundle and x-lintel-upstream"},
		{"", "version", "", "print the version and exit"},
	}
}

// Default is the key's default as text; "" for none.
func (k Key) Default() string {
	v := reflect.ValueOf(Default())
	for part := range strings.SplitSeq(k.Name, ".") {
		part, isList := strings.CutSuffix(part, "[]")
		if v = fieldOf(v, part); !v.IsValid() {
			return ""
		}
		switch {
		case isList && v.Len() == 0:
			return ""
		case isList:
			v = v.Index(0)
		case v.Type() == reflect.TypeFor[*TLS]():
			filled := TLS{}
			filled.fill()
			v = reflect.ValueOf(filled)
		}
	}
	if d, ok := v.Interface().(Duration); ok {
		return duration(d.D())
	}
	if v.IsZero() && v.Kind() != reflect.Int && v.Kind() != reflect.Int64 {
		return ""
	}
	return fmt.Sprint(v.Interface())
}

// duration is a span as people write it: "1m15s", but "10s" and not "0m10s".
func duration(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if rest, ok := strings.CutSuffix(s, zero); ok {
			s = rest + zero[:1]
		}
	}
	return s
}

// fieldOf is the field of a struct with that YAML key.
func fieldOf(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}
