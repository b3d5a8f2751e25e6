// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
)

// trouble says why there was no answer, and what to look at. Nothing is known of the token then.
func trouble(s *subject, err error) *verdict {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the URL was printed
	}
	host := s.url.Host
	if says := nameTrouble(host, err); says != "" {
		return verdictf(exit.Incomplete, "%s (%v)", says, err)
	}
	if says := certificateTrouble(host, err); says != "" {
		return verdictf(exit.Incomplete, "%s (%v)", says, err)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return verdictf(exit.Incomplete, "nothing listens on %s, or a firewall says so: does the gateway run? (%v)", host, err)
	case os.IsTimeout(err):
		return verdictf(exit.Incomplete, "%s did not answer in time: a firewall on the way, a NetworkPolicy, or a proxy (HTTPS_PROXY) "+
			"that is needed or is wrong? (%v)", host, err)
	}
	return verdictf(exit.Incomplete, "%s could not be asked: %v", host, err)
}

func nameTrouble(host string, err error) string {
	failed, ok := errors.AsType[*net.DNSError](err)
	switch {
	case !ok:
		return ""
	case failed.IsNotFound:
		return "the name " + failed.Name + " does not exist for this machine: is --url right, and is it a name of the cluster only?"
	}
	return "the name of " + host + " could not be looked up"
}

func certificateTrouble(host string, err error) string {
	if errors.Is(err, http.ErrSchemeMismatch) {
		return host + " speaks plain HTTP where https was asked for: is the port right?"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate of " + host + " is of an authority that this machine does not trust: --ca-file names its certificate"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate of " + host + " is for other names"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "the certificate of " + host + " has expired or is not valid yet, by this machine's clock"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the certificate of " + host + " can't be used"
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return host + " refused the connection: does it ask for a client's certificate?"
	}
	return ""
}
