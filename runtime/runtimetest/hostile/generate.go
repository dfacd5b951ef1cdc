package hostile

import (
	"fmt"
	"strings"
)

// generated returns the cases that follow a rule.
func generated() []Case {
	var out []Case
	for _, g := range []func() []Case{bothFramings, controls, cuts, large} {
		out = append(out, g()...)
	}
	return out
}

func refused(name, bytes string, statuses ...int) Case {
	return Case{Name: name, Bytes: bytes, Refused: statuses, Sent: 1}
}

// bothFramings puts each kind of Content-Length beside each kind of Transfer-Encoding,
// in both orders, with a request behind what either could take for the body.
func bothFramings() []Case {
	var out []Case
	for _, length := range []string{"0", "4", "5", "11", "+5", "5, 5", "005", "1000", ""} {
		for _, coding := range []string{
			"Transfer-Encoding: chunked", "transfer-encoding: Chunked", "Transfer-Encoding:chunked", "Transfer-Encoding:\tchunked",
			"Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity", "Transfer-Encoding: xchunked",
			"Transfer-Encoding: \vchunked", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
			"Transfer-Encoding: x\r\nTransfer-Encoding: chunked", " Transfer-Encoding: chunked", "X: y\r\n Transfer-Encoding: chunked",
			"X: y\nTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: \"chunked\"",
		} {
			l := "Content-Length: " + length
			for i, head := range []string{l + "\r\n" + coding, coding + "\r\n" + l} {
				if coding[0] == ' ' && i == 1 {
					continue // the field line before is Host, which the case is not about
				}
				out = append(out, refused(fmt.Sprintf("both %q", head),
					"POST /case HTTP/1.1\r\nHost: a\r\n"+head+"\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nX-Smuggled: 1\r\n\r\n", 400, 501))
			}
		}
	}
	return out
}

// controls puts each control byte where text stands.
func controls() []Case {
	places := []struct{ name, format string }{
		{"method", "G%sT /case HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"path", "GET /ca%sse HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"query", "GET /case?a%sb HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"version", "GET /case HTTP/1.1%s\r\nHost: a\r\n\r\n"},
		{"authority", "GET http://a%sb/case HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"host", "GET /case HTTP/1.1\r\nHost: a%sb\r\n\r\n"},
		{"name", "GET /case HTTP/1.1\r\nHost: a\r\nX%sY: z\r\n\r\n"},
		{"before colon", "GET /case HTTP/1.1\r\nHost: a\r\nX%s: z\r\n\r\n"},
		{"value", "GET /case HTTP/1.1\r\nHost: a\r\nX: y%sz\r\n\r\n"},
		{"length", "POST /case HTTP/1.1\r\nHost: a\r\nContent-Length: 1%s0\r\n\r\n0123456789"},
		{"coding", "POST /case HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunk%sed\r\n\r\n0\r\n\r\n"},
		{"chunk size", "POST /case HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1%s\r\na\r\n0\r\n\r\n"},
		{"chunk extension", "POST /case HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a%sb\r\na\r\n0\r\n\r\n"},
		{"behind a chunk", "POST /case HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na%s\r\n0\r\n\r\n"},
		{"trailer", "POST /case HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y%sz\r\n\r\n"},
	}
	var out []Case
	for _, p := range places {
		for c := range 128 {
			switch {
			case c >= ' ' && c != 0x7f, c == '\t' && (p.name == "value" || p.name == "trailer" || p.name == "chunk extension"):
				continue
			}
			out = append(out, refused(fmt.Sprintf("control %#02x in %s", c, p.name), fmt.Sprintf(p.format, string(rune(c))), 400))
		}
	}
	return out
}

// cuts ends the client's side behind each byte of a request but the last.
func cuts() []Case {
	var out []Case
	for name, whole := range map[string]string{
		"length": "POST /case HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
		"chunks": "POST /case HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\nX: y\r\n\r\n",
	} {
		for n := 1; n < len(whole); n++ {
			out = append(out, Case{Name: fmt.Sprintf("cut %s at %d", name, n), Bytes: whole[:n], Cut: true, Refused: []int{400, 408}, Silent: true, Sent: 1})
		}
	}
	return out
}

// large goes over each limit that a proxy has to have.
func large() []Case {
	const get = "GET /case HTTP/1.1\r\nHost: a\r\n"
	const chunked = "POST /case HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	fill := func(n int) string { return strings.Repeat("x", n) }
	return []Case{
		refused("large target", "GET /"+fill(100_000)+" HTTP/1.1\r\nHost: a\r\n\r\n", 414, 400),
		refused("large query", "GET /?"+fill(100_000)+" HTTP/1.1\r\nHost: a\r\n\r\n", 414, 400),
		refused("large target without an end", "GET /"+fill(100_000), 414, 400),
		refused("large method", strings.Repeat("G", 100_000)+" / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 414, 501),
		refused("large version", "GET / HTTP/1.1"+strings.Repeat("1", 100_000)+"\r\nHost: a\r\n\r\n", 400, 414, 505),
		refused("large host", "GET / HTTP/1.1\r\nHost: "+fill(5_000)+"\r\n\r\n", 400, 431),
		refused("large name", get+fill(200_000)+": y\r\n\r\n", 431, 400),
		refused("large value", get+"X: "+fill(200_000)+"\r\n\r\n", 431, 400),
		refused("large value without an end", get+"X: "+fill(200_000), 431, 400),
		refused("large line without a colon", get+fill(200_000), 431, 400),
		refused("many fields", get+strings.Repeat("X: y\r\n", 20_000)+"\r\n", 431, 400),
		refused("many names", get+strings.Repeat("Connection: x\r\n", 20_000)+"\r\n", 431, 400),
		refused("many connection options", get+"Connection: "+strings.Repeat("a,", 50_000)+"x\r\n\r\n", 431, 400),
		refused("many empty lines", strings.Repeat("\r\n", 50_000)+get+"\r\n", 400, 431, 414),
		refused("large chunk extension", chunked+"1;"+fill(200_000)+"\r\na\r\n0\r\n\r\n", 400, 413),
		refused("large chunk size", chunked+strings.Repeat("0", 200_000)+"1\r\na\r\n0\r\n\r\n", 400, 413),
		refused("large trailer", chunked+"0\r\nX: "+fill(200_000)+"\r\n\r\n", 400, 413, 431),
		refused("many trailers", chunked+"0\r\n"+strings.Repeat("X: y\r\n", 20_000)+"\r\n", 400, 413, 431),
	}
}
