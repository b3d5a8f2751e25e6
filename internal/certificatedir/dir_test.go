// SPDX-License-Identifier: Apache-2.0

package certificatedir_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/internal/authority"
	"github.com/jiratokens/jira-token-operator/internal/certificatedir"
)

const (
	name = "webhook.system.svc"
	day  = 24 * time.Hour
)

// folder is as the kubelet mounts a Secret: a link to one version of it.
type folder struct {
	*testing.T
	*certificatedir.Dir

	path  string
	clock *clocktesting.FakeClock
	log   strings.Builder
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{T: t, path: t.TempDir(), clock: clocktesting.NewFakeClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	log := funcr.New(func(_, line string) { f.log.WriteString(line + "\n") }, funcr.Options{})
	f.Dir = certificatedir.New(f.path, f.clock, log, name)
	return f
}

func (f *folder) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *folder) authority() *authority.Authority {
	f.Helper()
	a, err := authority.New(f.clock.Now())
	f.must(err)
	f.clock.Step(time.Second) // each has a name of its own
	return a
}

// mount puts a certificate of the first authority there, and all of them into ca.crt.
func (f *folder) mount(all ...*authority.Authority) *tls.Certificate {
	f.Helper()
	leaf, err := all[0].Issue(f.clock.Now(), name)
	f.must(err)
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	f.must(err)
	f.write(map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"ca.crt":  authority.Set(all).Certificates(),
	})
	return leaf
}

func (f *folder) write(content map[string][]byte) {
	f.Helper()
	version, err := os.MkdirTemp(f.path, "..")
	f.must(err)
	for file, text := range content {
		f.must(os.WriteFile(filepath.Join(version, file), text, 0o600))
	}
	f.must(os.Symlink(filepath.Base(version), filepath.Join(f.path, "..next")))
	f.must(os.Rename(filepath.Join(f.path, "..next"), filepath.Join(f.path, "..data")))
}

func (f *folder) serves(leaf *tls.Certificate) {
	f.Helper()
	f.must(f.Ready(nil))
	served, err := f.GetCertificate(nil)
	f.must(err)
	if !served.Leaf.Equal(leaf.Leaf) {
		f.Errorf("another certificate is served: %s", served.Leaf.SerialNumber)
	}
}

func (f *folder) trusts(certificates int) {
	f.Helper()
	if have := strings.Count(f.Authorities(), "BEGIN CERTIFICATE"); have != certificates {
		f.Errorf("%d authorities are trusted, not %d", have, certificates)
	}
}

func (f *folder) changed(want bool) {
	f.Helper()
	select {
	case <-f.Changed():
		if !want {
			f.Error("a change is told of that is none")
		}
	default:
		if want {
			f.Error("a change is not told of")
		}
	}
}

func TestMissingFilesAreWaitedFor(t *testing.T) {
	f := newFolder(t)
	f.Look()
	f.Look()
	if err := f.Ready(nil); err == nil || !strings.Contains(err.Error(), "tls.crt") || !strings.Contains(err.Error(), "ca.crt") {
		t.Errorf("have %v", err)
	}
	if n := strings.Count(f.log.String(), "can't be used"); n != 1 {
		t.Errorf("told %d times: %s", n, f.log.String())
	}
	f.changed(false)
	leaf := f.mount(f.authority())
	f.Look()
	f.serves(leaf)
	f.trusts(1)
	f.changed(true)
}

func TestRenewal(t *testing.T) {
	f := newFolder(t)
	a := f.authority()
	f.mount(a)
	f.Look()
	f.changed(true)
	renewed := f.mount(a)
	f.Look()
	f.serves(renewed)
	f.trusts(1)
	f.changed(false)
}

// The former authority is trusted for a while, whether or not ca.crt has both meanwhile.
func TestAnotherAuthority(t *testing.T) {
	f := newFolder(t)
	former, next := f.authority(), f.authority()
	f.mount(former)
	f.Look()
	f.changed(true)
	leaf := f.mount(next)
	f.Look()
	f.serves(leaf)
	f.trusts(2)
	f.changed(true)
	f.clock.Step(time.Hour)
	f.Look()
	f.trusts(1)
	f.changed(true)
	f.mount(next, former)
	f.Look()
	f.clock.Step(2 * time.Hour)
	f.Look()
	f.trusts(2)
	f.clock.Step(40 * day)
	f.Look()
	f.trusts(0) // they have expired
	if err := f.Ready(nil); err == nil || !strings.Contains(err.Error(), "expired at") {
		t.Errorf("have %v", err)
	}
}

// What can't be used is told of, and what was used before goes on.
func TestWhatCanNotBeUsed(t *testing.T) {
	f := newFolder(t)
	a := f.authority()
	leaf := f.mount(a)
	f.Look()
	other, err := a.Issue(f.clock.Now(), name)
	f.must(err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate[0]})
	_, key, _ := strings.Cut(string(encode(t, a)), "-----END CERTIFICATE-----\n")
	for want, content := range map[string]map[string][]byte{
		"no such file":           {"tls.crt": certificate},
		"private key does not":   {"tls.crt": certificate, "tls.key": []byte(key), "ca.crt": certificate},
		"tls.crt is empty":       {"tls.crt": nil, "tls.key": []byte(key), "ca.crt": certificate},
		"failed to find any PEM": {"tls.crt": []byte("x"), "tls.key": []byte(key), "ca.crt": certificate},
	} {
		f.write(content)
		f.Look()
		f.serves(leaf)
		f.trusts(1)
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, f.log.String())
		}
	}
	if strings.Contains(f.log.String(), "KEY") {
		t.Errorf("a key is in the log: %s", f.log.String())
	}
}

func encode(t *testing.T, a *authority.Authority) []byte {
	t.Helper()
	text, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Of ca.crt nothing but certificates goes to gateways.
func TestAuthoritiesHoldNoKey(t *testing.T) {
	f := newFolder(t)
	a := f.authority()
	f.mount(a)
	version, err := filepath.EvalSymlinks(filepath.Join(f.path, "..data"))
	f.must(err)
	f.must(os.WriteFile(filepath.Join(version, "ca.crt"), encode(t, a), 0o600))
	f.Look()
	f.trusts(1)
	if strings.Contains(f.Authorities(), "KEY") {
		t.Error("a key is among the authorities")
	}
}

// A certificate for other names, or of an authority that is not in ca.crt, is served: the API server may know better.
func TestForOthers(t *testing.T) {
	f := newFolder(t)
	leaf := f.mount(f.authority())
	version, err := filepath.EvalSymlinks(filepath.Join(f.path, "..data"))
	f.must(err)
	f.must(os.WriteFile(filepath.Join(version, "ca.crt"), authority.Set{f.authority()}.Certificates(), 0o600))
	f.Look()
	f.serves(leaf)
	if !strings.Contains(f.log.String(), "will refuse the certificate") {
		t.Errorf("the log says %s", f.log.String())
	}
}
