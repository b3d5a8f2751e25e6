// SPDX-License-Identifier: Apache-2.0

package certificatedir

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	maxFile        = 1 << 20
	maxAuthorities = 32
)

// files are what the folder holds.
type files struct{ certificate, key, authorities []byte }

func (f *files) equal(other *files) bool {
	return bytes.Equal(f.certificate, other.certificate) && bytes.Equal(f.key, other.key) &&
		bytes.Equal(f.authorities, other.authorities)
}

// Look reads the folder. What can't be used is told of, and what was used before goes on.
func (d *Dir) Look() {
	found, err := read(d.path)
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock.Now()
	if err == nil && !found.equal(&d.files) {
		err = d.use(found, now)
	}
	d.tell(err)
	d.trust(now)
}

// read takes all from one version of a mounted Secret, which the kubelet changes as a whole.
func read(folder string) (*files, error) {
	if version, err := filepath.EvalSymlinks(filepath.Join(folder, "..data")); err == nil {
		folder = version
	}
	certificate, errCertificate := readFile(folder, "tls.crt")
	key, errKey := readFile(folder, "tls.key")
	authorities, errAuthorities := readFile(folder, "ca.crt")
	return &files{certificate, key, authorities}, errors.Join(errCertificate, errKey, errAuthorities)
}

func readFile(folder, name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(folder, name)) //nolint:gosec // the folder is the administrator's
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("%s is empty", name)
	}
	return text, err
}

// use has the server serve with what was read. It is called with the lock.
func (d *Dir) use(f *files, now time.Time) error {
	pair, err := tls.X509KeyPair(f.certificate, f.key)
	if err != nil {
		return fmt.Errorf("tls.crt and tls.key: %w", err) // which repeats nothing of the key
	}
	if !now.Before(pair.Leaf.NotAfter) {
		return fmt.Errorf("tls.crt expired at %s", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	authorities := parse(f.authorities)
	if len(authorities) == 0 || len(authorities) > maxAuthorities {
		return fmt.Errorf("ca.crt has %d certificates (-----BEGIN CERTIFICATE-----); 1 to %d are needed",
			len(authorities), maxAuthorities)
	}
	d.files, d.current = *f, &pair
	for i := range d.trusted {
		if d.trusted[i].until.IsZero() {
			d.trusted[i].until = now.Add(overlap)
		}
	}
	for _, c := range authorities {
		d.trusted = slices.DeleteFunc(d.trusted, func(a authority) bool { return a.Equal(c) })
	}
	d.trusted = slices.Concat(inForce(authorities), d.trusted)
	d.log.Info("serving with another certificate", "serial", pair.Leaf.SerialNumber.String(), "notAfter", pair.Leaf.NotAfter,
		"authorities", len(authorities))
	if err := d.verify(&pair, authorities, now); err != nil {
		d.log.Info("whoever trusts ca.crt will refuse the certificate", "problem", err.Error())
	}
	return nil
}

func inForce(certificates []*x509.Certificate) []authority {
	out := make([]authority, len(certificates))
	for i, c := range certificates {
		out[i].Certificate = c
	}
	return out
}

// parse reads the certificates and passes over everything else: what is in there goes to the gateways.
func parse(text []byte) (out []*x509.Certificate) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			out = append(out, c)
		}
	}
	return out
}

// verify does what a client does.
func (d *Dir) verify(pair *tls.Certificate, authorities []*x509.Certificate, now time.Time) error {
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now}
	for _, c := range authorities {
		o.Roots.AddCert(c)
	}
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			o.Intermediates.AddCert(c)
		}
	}
	problems := make([]error, len(d.names))
	for i, name := range d.names {
		o.DNSName = name
		_, problems[i] = pair.Leaf.Verify(o)
	}
	return errors.Join(problems...)
}

// tell logs what is wrong, once.
func (d *Dir) tell(problem error) {
	if problem != nil && (d.problem == nil || d.problem.Error() != problem.Error()) {
		d.log.Info("the certificate can't be used", "problem", problem.Error(), "anotherGoesOn", d.current != nil)
	}
	d.problem = problem
}

// trust takes out whose time has come, and tells if there are others than before.
func (d *Dir) trust(now time.Time) {
	d.trusted = slices.DeleteFunc(d.trusted, func(a authority) bool {
		return !now.Before(a.NotAfter) || (!a.until.IsZero() && !now.Before(a.until))
	})
	var bundle bytes.Buffer
	for _, a := range d.trusted {
		bundle.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Raw}))
	}
	if bundle.String() == d.bundle {
		return
	}
	d.bundle = bundle.String()
	select {
	case d.changed <- struct{}{}:
	default: // it will be read anyway
	}
}
