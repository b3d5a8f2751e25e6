// SPDX-License-Identifier: Apache-2.0

// Package snapshot keeps what a gateway knows in a file, so that one that restarts while the Kubernetes API is away can
// go on.
//
// The file holds the hashes of our tokens, never a token. It does hold the Secrets that the gateway speaks to Jira
// with: without them there would be nothing to go on with. It belongs on memory-backed storage of the pod alone, which
// is where Kubernetes itself puts the Secrets that a pod mounts.
//
// A file is its first line, then gzip-compressed JSON values (one Header, then the credentials as hash Secrets have
// them), then the SHA-256 checksum of all before.
package snapshot

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

const (
	// FileName is the snapshot's file in its directory.
	FileName = "snapshot"

	firstLine    = "jiratokens.io gateway snapshot 1\n"
	temporary    = ".snapshot-*"
	checksumSize = sha256.Size
)

// ErrCorrupt says that a file is no whole snapshot of this format.
var ErrCorrupt = errors.New("snapshot is truncated, corrupt or of another version")

// Header is everything in a snapshot but the credentials.
type Header struct {
	Namespace string    `json:"namespace"`
	Policy    string    `json:"policy"`
	PolicyUID types.UID `json:"policyUID"`
	// LastContact is when the Kubernetes API last confirmed all of this.
	LastContact time.Time `json:"lastContact"`
	// Config is the compiled configuration, as its Secret has it.
	Config []byte `json:"config"`
	// Secrets are those that the configuration may refer to.
	Secrets []gatewayconfig.Secret `json:"secrets,omitempty"`
	// Good is the last configuration that could be used as a whole, if this one can't.
	Good *State `json:"good,omitempty"`
}

// State is an earlier configuration with its Secrets.
type State struct {
	Config  []byte                 `json:"config"`
	Secrets []gatewayconfig.Secret `json:"secrets,omitempty"`
}

// Check tells whether a snapshot is this gateway's and confirmed recently enough. A time of contact that lies in the
// future means that the clock went back: how old the snapshot is can't be known then.
func (h *Header) Check(namespace, policy string, now time.Time, maxAge time.Duration) error {
	if h.Namespace != namespace || h.Policy != policy {
		return fmt.Errorf("snapshot belongs to policy %q in namespace %q", h.Policy, h.Namespace)
	}
	switch age := now.Sub(h.LastContact); {
	case h.LastContact.IsZero():
		return errors.New("snapshot was never confirmed")
	case age < 0:
		return errors.New("snapshot was confirmed in the future: the clock went back, so its age is unknown")
	case age > maxAge:
		return fmt.Errorf("snapshot was last confirmed %s ago, at most %s are allowed", age.Round(time.Second), maxAge)
	}
	return nil
}
