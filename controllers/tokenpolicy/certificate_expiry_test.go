// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const day = 24 * time.Hour

// validFrom is a Secret's data with a certificate of that time, and its authority's.
func validFrom(t *testing.T, from time.Time, lifetime, authority time.Duration) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var chain []byte
	for i, d := range []time.Duration{lifetime, authority} {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), NotBefore: from, NotAfter: from.Add(d)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return map[string][]byte{"tls.crt": chain, "tls.key": pkcs8(t, key)}
}

// certificate waits until the condition has the reason; empty: until it is absent.
func (p *probe) certificate(reason, message string) {
	p.Helper()
	eventually(p.T, func() error {
		p.run()
		if err := k8s.Get(p.Context(), client.ObjectKeyFromObject(p.policy), p.policy); err != nil {
			return err
		}
		c := meta.FindStatusCondition(p.policy.Status.Conditions, v1alpha1.ConditionCertificateExpiring)
		switch {
		case c == nil && reason == "":
			return nil
		case c == nil, c.Reason != reason, c.Status != metav1.ConditionTrue, !strings.Contains(c.Message, message):
			return fmt.Errorf("want %q %q, have %+v", reason, message, c)
		}
		return nil
	})
}

// The manager warns before the gateway's certificate expires, after that, and while it is not valid yet; a new one ends it.
func TestCertificatesAreWarnedOf(t *testing.T) {
	p := newProbe(t, func(p *probe) {
		byHeader(p)
		p.policy.Spec.Gateway = &v1alpha1.Gateway{TLS: &v1alpha1.GatewayTLS{SecretName: "tls"}}
	})
	start := p.clock.Now().Truncate(time.Second)
	p.certificate("", "") // there is none: that is the matter of Accepted
	secret := p.secret("tls", validFrom(t, start, 90*day, 365*day))
	p.certificate("", "")
	at := func(d time.Duration) { p.clock.SetTime(start.Add(d)) }
	end := start.Add(90 * day).UTC().Format(time.RFC3339)

	at(90*day - 14*day - time.Second)
	p.certificate("", "")
	if got := p.metric("jiratokens_certificate_expiry_timestamp_seconds"); got != float64(start.Add(90*day).Unix()) {
		t.Errorf("the metric is %v", got)
	}
	at(90*day - 14*day)
	p.certificate(v1alpha1.ReasonCertificateExpiring, "the certificate in Secret tls (spec.gateway.tls.secretName) expires at "+end)
	at(90*day + time.Second)
	p.certificate(v1alpha1.ReasonCertificateInvalid, "expired at "+end)
	makeAvailable(t, p.policy, 1)
	if c := p.ready(metav1.ConditionTrue, v1alpha1.ReasonGatewayReady); !strings.Contains(c.Message, "expired at "+end) {
		t.Errorf("Ready does not tell: %s", c.Message)
	}

	renew := func(data map[string][]byte) { update(t, secret, func(s *corev1.Secret) { s.Data = data }) }
	renew(validFrom(t, start.Add(90*day), 90*day, 365*day))
	p.certificate("", "")
	renew(validFrom(t, start.Add(91*day), 90*day, 365*day))
	p.certificate(v1alpha1.ReasonCertificateInvalid, "is not valid before")
	renew(validFrom(t, start, 365*day, 95*day)) // an authority's, which ends first
	p.certificate(v1alpha1.ReasonCertificateExpiring, "expires at "+start.Add(95*day).UTC().Format(time.RFC3339))
	renew(validFrom(t, start.Add(90*day), 7*day, 365*day)) // renewed every week: not expiring from its birth
	p.certificate("", "")
	at(90*day + 6*day)
	p.certificate(v1alpha1.ReasonCertificateExpiring, "")
	renew(map[string][]byte{"tls.crt": []byte("none"), "tls.key": []byte("none")})
	p.certificate("", "")
	if got := p.metric("jiratokens_certificate_expiry_timestamp_seconds"); got != 0 {
		t.Errorf("the metric is still %v", got)
	}
}

// metric is a gauge of the policy's; 0: it is absent.
func (p *probe) metric(name string) float64 {
	p.Helper()
	families, err := p.registry.Gather()
	if err != nil {
		p.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name && len(family.GetMetric()) > 0 {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return 0
}
