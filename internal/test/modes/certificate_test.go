// SPDX-License-Identifier: Apache-2.0

package modes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/authority"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// mounted is a Secret of cert-manager as the kubelet mounts it.
type mounted struct{ path string }

func newAuthority(t *testing.T) *authority.Authority {
	t.Helper()
	a, err := authority.New(time.Now())
	must(t, err)
	return a
}

// put issues a certificate of an authority; ca.crt has the trusted ones.
func (m *mounted) put(t *testing.T, issuer *authority.Authority, trusted ...*authority.Authority) *tls.Certificate {
	t.Helper()
	leaf, err := issuer.Issue(time.Now(), "127.0.0.1")
	must(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	must(t, err)
	version, err := os.MkdirTemp(m.path, "..") //nolint:usetesting // where the kubelet makes it
	must(t, err)
	for file, text := range map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"ca.crt":  authority.Set(trusted).Certificates(),
	} {
		must(t, os.WriteFile(filepath.Join(version, file), text, 0o600))
	}
	must(t, os.Symlink(filepath.Base(version), filepath.Join(m.path, "..next")))
	must(t, os.Rename(filepath.Join(m.path, "..next"), filepath.Join(m.path, "..data")))
	return leaf
}

// inject writes the caBundle, as cainjector does, and where the webhook is.
func inject(t *testing.T, trusted ...*authority.Authority) {
	t.Helper()
	eventually(t, "the caBundle is written", func() error {
		var c admissionregistrationv1.MutatingWebhookConfiguration
		if err := kube.Get(t.Context(), client.ObjectKey{Name: "jira-token-operator"}, &c); err != nil {
			return err
		}
		for i := range c.Webhooks {
			to := &c.Webhooks[i].ClientConfig
			to.CABundle = authority.Set(trusted).Certificates()
			if to.Service != nil {
				to.URL, to.Service = new("https://"+local.WebhookAddress()+*to.Service.Path), nil
			}
		}
		return kube.Update(t.Context(), &c)
	})
}

// With --certificate-dir the webhook is served with the certificate of a folder; neither its renewal nor another authority costs
// a request, and the manager makes and writes none.
func TestCertificateOfSomebodyElse(t *testing.T) {
	folder := &mounted{t.TempDir()}
	former := newAuthority(t)
	folder.put(t, former, former)
	createNamespaces(t, stack.PolicyNamespace)
	create(t, newPolicy(stack.PolicyNamespace))
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: managerNamespace, Name: "jira-token-operator-webhook-authority"}}
	must(t, client.IgnoreNotFound(kube.Delete(t.Context(), secret)))
	inject(t, former)
	startManager(t, "--certificate-dir="+folder.path)

	refused := watchForRefusals(t)
	gatewaysTrust(t, former)
	renewed := folder.put(t, former, former)
	serves(t, renewed)

	next := newAuthority(t)
	folder.put(t, former, former, next)
	inject(t, former, next)
	gatewaysTrust(t, former, next)
	serves(t, folder.put(t, next, next)) // which gateways trust beside the former one
	gatewaysTrust(t, former, next)
	if err := refused(); err != nil {
		t.Errorf("a request was refused: %v", err)
	}
	if err := kube.Get(t.Context(), client.ObjectKeyFromObject(secret), secret); !apierrors.IsNotFound(err) {
		t.Errorf("the manager has made authorities: %v", err)
	}
}

// watchForRefusals creates tokens again and again, until the returned function says what became of them.
func watchForRefusals(t *testing.T) (refused func() error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	result := make(chan error, 1)
	every := time.NewTicker(20 * time.Millisecond)
	go func() {
		defer every.Stop()
		tried := 0
		for ctx.Err() == nil {
			err := kube.Create(ctx, newToken("default", "trial", stack.PolicyNamespace), client.DryRunAll)
			if err != nil && ctx.Err() == nil {
				result <- err
				return
			}
			tried++
			<-every.C
		}
		if tried < 10 {
			result <- fmt.Errorf("only %d requests were made", tried)
			return
		}
		result <- nil
	}()
	return func() error { stop(); return <-result }
}

func serves(t *testing.T, leaf *tls.Certificate) {
	t.Helper()
	eventually(t, "the certificate is served", func() error {
		for _, address := range []string{local.WebhookAddress(), local.ActivityAddress()} {
			dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // it is compared
			connection, err := dialer.DialContext(t.Context(), "tcp", address)
			if err != nil {
				return err
			}
			over, ok := connection.(*tls.Conn)
			served := ok && over.ConnectionState().PeerCertificates[0].Equal(leaf.Leaf)
			if err := connection.Close(); err != nil || !served {
				return errors.Join(err, fmt.Errorf("another one is served at %s", address))
			}
		}
		return nil
	})
}

// gatewaysTrust waits until the gateways' configuration has these authorities.
func gatewaysTrust(t *testing.T, all ...*authority.Authority) {
	t.Helper()
	eventually(t, "gateways trust the authorities", func() error {
		var list corev1.SecretList
		if err := kube.List(t.Context(), &list, client.InNamespace(stack.PolicyNamespace)); err != nil {
			return err
		}
		var configuration strings.Builder
		for i := range list.Items {
			for _, value := range list.Items[i].Data {
				configuration.Write(value)
			}
		}
		text := strings.ReplaceAll(configuration.String(), `\n`, "\n")
		for _, a := range all {
			if !strings.Contains(text, string(authority.Set{a}.Certificates())) {
				return fmt.Errorf("authority %s is missing", a.Certificate.Subject)
			}
		}
		if n := strings.Count(text, "BEGIN CERTIFICATE"); n != len(all) {
			return fmt.Errorf("%d certificates", n)
		}
		return nil
	})
}
