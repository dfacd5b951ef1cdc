// Package remote reads the bundle that a running gateway serves, over its admin
// address.
package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

const (
	// answerTime bounds the wait for one file.
	answerTime = 15 * time.Second
	// attempts is how often a read begins again when the gateway swaps meanwhile.
	attempts = 3
	// statusBytes bounds the gateway's status.
	statusBytes = 1 << 20
)

// Is tells whether an argument is meant as a URL.
func Is(arg string) bool {
	return strings.HasPrefix(arg, "http://") || strings.HasPrefix(arg, "https://")
}

// Valid says what is wrong with a URL as an admin address.
func Valid(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("the URL is no admin address of a gateway such as http://127.0.0.1:8081")
	}
	return nil
}

// errSwapped says that the gateway took another bundle during the read.
var errSwapped = errors.New("the gateway swaps bundles all the time")

// Open reads, bounds and verifies the bundle that the gateway with this admin address
// serves.
func Open(ctx context.Context, base string, l bundle.Limits) (*bundle.Bundle, error) {
	if err := Valid(base); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	transport.DisableCompression = true
	c := client{base: strings.TrimSuffix(base, "/") + "/-/bundle", http: http.Client{
		Transport: transport, Timeout: answerTime,
		// What serves a bundle does so itself; anything else is some other server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var err error
	for range attempts {
		var b *bundle.Bundle
		if b, err = c.read(ctx, l); !errors.Is(err, errSwapped) {
			return b, err
		}
	}
	return nil, err
}

type client struct {
	base string
	http http.Client
}

// read reads the whole bundle once.
func (c *client) read(ctx context.Context, l bundle.Limits) (*bundle.Bundle, error) {
	raw, err := c.get(ctx, "", statusBytes)
	if err != nil {
		return nil, err
	}
	var status struct {
		Digest *string `json:"digest"`
	}
	if err := json.Unmarshal(raw, &status); err != nil || status.Digest == nil {
		return nil, errors.New("the answer is not that of a gateway's admin address")
	}
	if *status.Digest == "" {
		return nil, errors.New("the gateway serves no bundle yet")
	}
	manifest, err := c.get(ctx, "/files/"+bundle.ManifestName, orElse(l.ManifestBytes, 4<<20))
	if err != nil {
		return nil, err
	}
	if bundle.DigestOf(manifest) != *status.Digest {
		return nil, errSwapped
	}
	m, err := bundle.DecodeManifest(manifest, l)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{bundle.ManifestName: manifest}
	for _, ref := range slices.Concat(m.Shards, m.Sources) {
		data, err := c.get(ctx, "/files/"+ref.Name(), ref.Size)
		if errors.Is(err, errGone) {
			return nil, errSwapped
		}
		if err != nil {
			return nil, err
		}
		files[ref.Name()] = data
	}
	return bundle.Decode(files, l)
}

func orElse(n, other int64) int64 {
	if n > 0 {
		return n
	}
	return other
}

// errGone says that the bundle has no such file any more.
var errGone = errors.New("the gateway answers 404: it has no such file")

// get asks for one file of at most limit bytes.
func (c *client) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		if path == "" {
			return nil, errors.New("the answer is not that of a gateway's admin address: 404")
		}
		return nil, errGone
	default:
		return nil, fmt.Errorf("the gateway answers %d to /-/bundle%s", res.StatusCode, path)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read /-/bundle%s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("the answer to /-/bundle%s is longer than %d bytes", path, limit)
	}
	return data, nil
}
