package admin

import (
	"net/http"
	"time"
)

// readiness is the answer of /-/ready.
type readiness struct {
	Ready bool `json:"ready"`
	// Reason says in a sentence why the gateway is not ready; "" when it is.
	Reason string `json:"reason"`
	Digest string `json:"digest"`
}

// ready answers 200 once a bundle is served, until the gateway drains. A later
// bundle that is refused does not change it.
func (h *handler) ready(w http.ResponseWriter, _ *http.Request) {
	s := h.cfg.Bundles.Status()
	r := readiness{Ready: s.Digest != "", Digest: s.Digest}
	switch {
	case h.cfg.Draining():
		r.Ready, r.Reason = false, "the gateway is stopping"
	case s.Digest != "":
	case s.LastError != nil:
		r.Reason = string(s.LastError.Code) + ": " + s.LastError.Message
	default:
		r.Reason = "no bundle has been loaded yet"
	}
	status := http.StatusOK
	if !r.Ready {
		status = http.StatusServiceUnavailable
	}
	write(w, status, r)
}

// bundleStatus is the answer of /-/bundle. What is not known is null.
type bundleStatus struct {
	Digest         string     `json:"digest"`
	Content        string     `json:"content"`
	Revision       string     `json:"revision"`
	Routes         int        `json:"routes"`
	LoadedAt       *time.Time `json:"loaded_at"`
	OnLastGood     bool       `json:"on_last_good"`
	LastAttempt    *time.Time `json:"last_attempt"`
	LastError      *lastError `json:"last_error"`
	RejectedDigest string     `json:"rejected_digest"`
	// Snapshots are the current one and the old ones that are still in use.
	Snapshots []snapshotStatus `json:"snapshots"`
	// OldUsers is how many requests and upgraded connections use an old one.
	OldUsers int64 `json:"old_users"`
}

type snapshotStatus struct {
	Digest   string    `json:"digest"`
	Revision string    `json:"revision"`
	Since    time.Time `json:"since"`
	Users    int64     `json:"users"`
	Current  bool      `json:"current"`
}

type lastError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (h *handler) bundle(w http.ResponseWriter, _ *http.Request) {
	s := h.cfg.Bundles.Status()
	out := bundleStatus{
		Digest: s.Digest, Content: s.Content, Revision: s.Revision, Routes: s.Routes,
		LoadedAt: utc(s.LoadedAt), OnLastGood: s.OnLastGood, LastAttempt: utc(s.LastAttempt),
		RejectedDigest: s.RejectedDigest, OldUsers: s.OldUsers, Snapshots: []snapshotStatus{},
	}
	for _, one := range s.Snapshots {
		out.Snapshots = append(out.Snapshots, snapshotStatus{one.Digest, one.Revision, one.Since.UTC(), one.Users, one.Current})
	}
	if e := s.LastError; e != nil {
		out.LastError = &lastError{Code: string(e.Code), Message: e.Message}
	}
	write(w, http.StatusOK, out)
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// file answers with one file of the bundle that is served, as it was read.
func (h *handler) file(w http.ResponseWriter, r *http.Request) {
	b := h.cfg.Bundles.Bundle()
	if b == nil {
		write(w, http.StatusServiceUnavailable, failure{"no bundle is served"})
		return
	}
	data, ok := b.Files()[r.PathValue("name")]
	if !ok {
		write(w, http.StatusNotFound, failure{"the bundle has no such file"})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(data) // the client is gone: nobody is left to tell
}
