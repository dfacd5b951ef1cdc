// Package kube asks an API server, in JSON.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client speaks to one API server as one user.
type Client struct {
	base, token string
	http        *http.Client
}

// New makes a client of the API server at base, such as https://10.77.0.1:6443, whose
// certificate the authority in the PEM ca vouches for.
func New(base, token string, ca []byte) *Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &Client{base, token, &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: 16},
	}}
}

// Status is an answer of the API server that is no success.
type Status struct {
	Code    int
	Message string
}

func (s *Status) Error() string {
	return fmt.Sprintf("the API server answered %d: %s", s.Code, s.Message)
}

// Object is what Kubernetes keeps of anything.
type Object struct {
	Metadata struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		UID         string            `json:"uid"`
		Version     string            `json:"resourceVersion"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		Deletion    *time.Time        `json:"deletionTimestamp"`
	} `json:"metadata"`
	BinaryData map[string][]byte `json:"binaryData"`
	Spec       map[string]any    `json:"spec"`
	Status     map[string]any    `json:"status"`
}

// Core is the path of objects of the core group, such as configmaps.
func Core(namespace, kind string, name ...string) string {
	return strings.Join(append([]string{"/api/v1/namespaces", namespace, kind}, name...), "/")
}

// Group is the path of objects of another group, such as apps/v1.
func Group(group, namespace, kind string, name ...string) string {
	return strings.Join(append([]string{"/apis", group, "namespaces", namespace, kind}, name...), "/")
}

// Get reads what the path leads to.
func (c *Client) Get(ctx context.Context, path string) (Object, error) {
	var o Object
	return o, c.into(ctx, "GET", path, "", nil, &o)
}

// List reads the objects at the path that the selector of labels takes; "" takes all.
func (c *Client) List(ctx context.Context, path, selector string) ([]Object, error) {
	var list struct {
		Items []Object `json:"items"`
	}
	if selector != "" {
		path += "?labelSelector=" + url.QueryEscape(selector)
	}
	return list.Items, c.into(ctx, "GET", path, "", nil, &list)
}

// Merge changes an object by a JSON merge patch.
func (c *Client) Merge(ctx context.Context, path string, patch any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = c.Do(ctx, "PATCH", path, "application/merge-patch+json", body)
	return err
}

// Apply applies a manifest, in YAML, to the object at the path, as the field manager.
func (c *Client) Apply(ctx context.Context, path, manager string, manifest []byte) error {
	_, err := c.Do(ctx, "PATCH", path+"?force=true&fieldManager="+manager, "application/apply-patch+yaml", manifest)
	return err
}

// Annotate sets annotations of an object; a nil value takes one away.
func (c *Client) Annotate(ctx context.Context, path string, annotations map[string]any) error {
	return c.Merge(ctx, path, map[string]any{"metadata": map[string]any{"annotations": annotations}})
}

// Delete deletes an object.
func (c *Client) Delete(ctx context.Context, path string) error {
	_, err := c.Do(ctx, "DELETE", path, "", nil)
	return err
}

func (c *Client) into(ctx context.Context, method, path, kind string, body []byte, v any) error {
	text, err := c.Do(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// Do sends one request; kind is the type of the body.
func (c *Client) Do(ctx context.Context, method, path, kind string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		var status struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(text, &status) != nil || status.Message == "" {
			status.Message = string(text)
		}
		return nil, &Status{resp.StatusCode, status.Message}
	}
	return text, nil
}

// Condition says whether the condition of that type is true in the object's status.
func Condition(o Object, kind string) bool {
	list, _ := o.Status["conditions"].([]any)
	for _, c := range list {
		if c, ok := c.(map[string]any); ok && c["type"] == kind {
			return c["status"] == "True"
		}
	}
	return false
}
