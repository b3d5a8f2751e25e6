// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t *testing.T) []byte {
	t.Helper()
	certificate, _ := certificateAndKey(t)
	return certificate
}

func certificateAndKey(t *testing.T) (certificate, privateKey []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pkcs8(t, key)
}

func serverTLS(p *v1alpha1.TokenPolicy) {
	p.Spec.Gateway = &v1alpha1.Gateway{TLS: &v1alpha1.GatewayTLS{SecretName: "ref"}}
}

func caBundle(p *v1alpha1.TokenPolicy) {
	p.Spec.Jira.CABundle = &v1alpha1.CABundle{SecretRef: v1alpha1.SecretKeyReference{Name: "ref", Key: "ca.crt"}}
}

func oauth(p *v1alpha1.TokenPolicy) {
	p.Spec.Impersonation = v1alpha1.Impersonation{OAuth: &v1alpha1.OAuthImpersonation{
		ConsumerKey: "jiratokens", PrivateKeySecretRef: v1alpha1.SecretKeyReference{Name: "ref", Key: "tls.key"},
	}}
}

func header(p *v1alpha1.TokenPolicy) {
	p.Spec.Impersonation = v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{
		Name: "X-Forwarded-User", SharedSecret: &v1alpha1.SharedSecret{
			Header: "X-Gateway-Secret", SecretRef: v1alpha1.SecretKeyReference{Name: "ref", Key: "secret"},
		},
	}}
}

func serviceAccount(p *v1alpha1.TokenPolicy) {
	p.Spec.Impersonation = v1alpha1.Impersonation{ServiceAccount: &v1alpha1.ServiceAccountImpersonation{
		Username: "svc", SecretRef: &v1alpha1.SecretReference{Name: "ref"},
	}}
}

func serviceAccountOAuth2(p *v1alpha1.TokenPolicy) {
	p.Spec.Impersonation = v1alpha1.Impersonation{ServiceAccount: &v1alpha1.ServiceAccountImpersonation{
		Username: "svc", OAuth2: &v1alpha1.OAuth2ClientCredentials{SecretRef: v1alpha1.SecretReference{Name: "ref"}, Scope: "READ"},
	}}
}

func rateLimitStore(p *v1alpha1.TokenPolicy) {
	p.Spec.Gateway = &v1alpha1.Gateway{RateLimitStore: &v1alpha1.RateLimitStore{
		Address: "valkey:6379", SecretRef: &v1alpha1.SecretReference{Name: "ref"},
		TLS: &v1alpha1.RateLimitStoreTLS{CASecretRef: &v1alpha1.SecretKeyReference{Name: "ref", Key: "ca.crt"}},
	}}
}

func directory(p *v1alpha1.TokenPolicy) {
	p.Spec.Directory = &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "ref"}}
}

func labelled(data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "ref", Labels: map[string]string{v1alpha1.LabelPolicy: "jira"}}, Data: data,
	}
}

// Each case begins with a Secret (or none) that can't be used, says why, and ends well once it is put right.
func TestReferences(t *testing.T) {
	good := rsaKey(t, 2048)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(good)})
	goodCA, goodKey := map[string][]byte{"ca.crt": certificate(t)}, map[string][]byte{"tls.key": pkcs8(t, good)}
	unlabelled := labelled(goodCA)
	unlabelled.Labels = nil
	others := labelled(goodCA)
	others.Labels = map[string]string{v1alpha1.LabelPolicy: "other"}
	ours := labelled(goodCA)
	ours.Labels[v1alpha1.LabelTokenUID] = "1"
	serverCertificate, serverKey := certificateAndKey(t)
	goodTLS := map[string][]byte{"tls.crt": serverCertificate, "tls.key": serverKey}
	cases := map[string]struct {
		policy  func(*v1alpha1.TokenPolicy)
		secret  *corev1.Secret
		waiting bool
		want    string
		fixed   map[string][]byte
	}{
		"missing": {
			caBundle, nil, true,
			`spec.jira.caBundle.secretRef: Secret ref does not exist: create it in namespace NS with the key "ca.crt" and the label jiratokens.io/policy=jira; if you have made it without the label: kubectl label secret ref -n NS jiratokens.io/policy=jira`, goodCA,
		},
		"unlabelled": {
			caBundle, unlabelled, false,
			`Secret ref lacks the label by which its owner lets this policy use it: kubectl label secret ref -n NS jiratokens.io/policy=jira`, goodCA,
		},
		"another policy's": {
			caBundle, others, false,
			`Secret ref carries the label for policy "other", not for this one: use another Secret, or kubectl label secret ref -n NS jiratokens.io/policy=jira --overwrite`, goodCA,
		},
		"the operator's own": {caBundle, ours, false, `is one of the operator's own: name a Secret that you made`, goodCA},
		"no such key": {
			caBundle, labelled(map[string][]byte{"tls.crt": goodCA["ca.crt"]}), false,
			`has no key "ca.crt": add it, or correct the reference`, goodCA,
		},
		"CA is no PEM": {
			caBundle, labelled(map[string][]byte{"ca.crt": []byte("MIIB")}), false,
			`can't be used: key "ca.crt" holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`, goodCA,
		},
		"CA is a key": {
			caBundle, labelled(map[string][]byte{"ca.crt": goodKey["tls.key"]}), false,
			`holds a PEM block "PRIVATE KEY"; only CERTIFICATE blocks are expected`, goodCA,
		},
		"CA is broken": {
			caBundle, labelled(map[string][]byte{"ca.crt": append(certificate(t), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})...)}), false,
			`holds a certificate (number 2) that can't be parsed`, goodCA,
		},
		"key is too short": {
			oauth, labelled(map[string][]byte{"tls.key": pkcs8(t, rsaKey(t, 1024))}), false,
			`spec.impersonation.oauth.privateKeySecretRef: Secret ref can't be used: key "tls.key" holds an RSA key of 1024 bits; 2048 at least are needed`, goodKey,
		},
		"key is of another kind": {
			oauth, labelled(map[string][]byte{"tls.key": pkcs8(t, ec)}), false,
			`holds a private key of another kind; Jira's application links need RSA`,
			map[string][]byte{"tls.key": pkcs1},
		},
		"key is encrypted": {
			oauth, labelled(map[string][]byte{"tls.key": pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})}), false,
			`holds a PEM block "ENCRYPTED PRIVATE KEY"; PRIVATE KEY or RSA PRIVATE KEY, not encrypted, is expected`, goodKey,
		},
		"shared secret is empty": {
			header, labelled(map[string][]byte{"secret": []byte("\n")}), false,
			`spec.impersonation.header.sharedSecret.secretRef: Secret ref can't be used: key "secret" is empty`,
			map[string][]byte{"secret": []byte("s3cret\n")},
		},
		"shared secret has a line end": {
			header, labelled(map[string][]byte{"secret": []byte("a\nb")}), false,
			`has a line end or another control character in it`,
			map[string][]byte{"secret": []byte("s3cret")},
		},
		"no token, no password": {
			serviceAccount, labelled(map[string][]byte{"username": []byte("svc")}), false,
			`spec.impersonation.serviceAccount.secretRef: Secret ref has no key "token" or "password": add it`,
			map[string][]byte{"password": []byte("p")},
		},
		"no client_id": {
			serviceAccountOAuth2, labelled(map[string][]byte{"token": []byte("p")}), false,
			`spec.impersonation.serviceAccount.oauth2.secretRef: Secret ref has no key "client_id": add it`,
			map[string][]byte{"client_id": []byte("c\n"), "client_secret": []byte("s\n")},
		},
		"no client_secret": {
			serviceAccountOAuth2, labelled(map[string][]byte{"client_id": []byte("c"), "client_secret": []byte(" ")}), false,
			`Secret ref has the key "client_id" but no "client_secret": add it`,
			map[string][]byte{"client_id": []byte("c"), "client_secret": []byte("s")},
		},
		"client_secret has a line end": {
			serviceAccountOAuth2, labelled(map[string][]byte{"client_id": []byte("c"), "client_secret": []byte("a\nb")}), false,
			`Secret ref can't be used: the key client_secret has a line end or another control character in it`,
			map[string][]byte{"client_id": []byte("c"), "client_secret": []byte("s")},
		},
		"token is empty": {
			serviceAccount, labelled(map[string][]byte{"token": nil}), false,
			`key "token" is empty`,
			map[string][]byte{"token": []byte("p")},
		},
		"no certificate for clients": {
			serverTLS, nil, true,
			`spec.gateway.tls.secretName: Secret ref does not exist: create it in namespace NS with the keys "tls.crt" and "tls.key" and the label`, goodTLS,
		},
		"certificate without a key": {
			serverTLS, labelled(map[string][]byte{"tls.crt": serverCertificate}), false,
			`spec.gateway.tls.secretName: Secret ref has the key "tls.crt" but no "tls.key": add it`, goodTLS,
		},
		"another certificate's key": {
			serverTLS, labelled(map[string][]byte{"tls.crt": certificate(t), "tls.key": serverKey}), false,
			`Secret ref can't be used: key "tls.key" holds no private key in PEM, not encrypted, that belongs to the first certificate of "tls.crt"`, goodTLS,
		},
		"nothing to show Jira": {
			func(p *v1alpha1.TokenPolicy) {
				p.Spec.Jira.ClientCertificateSecretRef = &v1alpha1.SecretReference{Name: "ref"}
			}, labelled(map[string][]byte{"tls.crt": serverCertificate}), false,
			`spec.jira.clientCertificateSecretRef: Secret ref has the key "tls.crt" but no "tls.key": add it`, goodTLS,
		},
		"no authority for clients": {
			func(p *v1alpha1.TokenPolicy) {
				serverTLS(p)
				p.Spec.Gateway.TLS.ClientCASecretRef = &v1alpha1.SecretKeyReference{Name: "ref", Key: "ca.crt"}
			}, labelled(goodTLS), false, `spec.gateway.tls.clientCASecretRef: Secret ref has no key "ca.crt": add it`,
			map[string][]byte{"tls.crt": serverCertificate, "tls.key": serverKey, "ca.crt": serverCertificate},
		},
		"no password of the store": {
			rateLimitStore, labelled(map[string][]byte{"username": []byte("gateway"), "ca.crt": goodCA["ca.crt"]}), false,
			`spec.gateway.rateLimitStore.secretRef: Secret ref has no key "password": add it`,
			map[string][]byte{"password": []byte("p"), "ca.crt": goodCA["ca.crt"]},
		},
		"another's password of the store": {
			rateLimitStore, others.DeepCopy(), false,
			`spec.gateway.rateLimitStore.secretRef: Secret ref carries the label for policy "other", not for this one`,
			map[string][]byte{"password": []byte("p"), "ca.crt": goodCA["ca.crt"]},
		},
		"no authority of the store": {
			rateLimitStore, labelled(map[string][]byte{"password": []byte("p")}), false,
			`spec.gateway.rateLimitStore.tls.caSecretRef: Secret ref has no key "ca.crt": add it`,
			map[string][]byte{"password": []byte("p"), "ca.crt": goodCA["ca.crt"]},
		},
		"nothing to read Jira with": {
			directory, nil, true,
			`spec.directory.secretRef: Secret ref does not exist: create it in namespace NS with the key "token" or "password"`,
			map[string][]byte{"token": []byte("p")},
		},
		"a password of nobody": {
			directory, labelled(map[string][]byte{"password": []byte("p"), "username": []byte(" \n")}), false,
			`spec.directory.secretRef: Secret ref has the key "password" but no "username": add it`,
			map[string][]byte{"password": []byte("p"), "username": []byte("svc")},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := newPolicy(plane.Namespace(t), c.policy)
			if c.secret != nil {
				c.secret.Namespace = p.Namespace
				create(t, c.secret)
			}
			create(t, p)
			kind := v1alpha1.ConditionStalled
			if c.waiting {
				kind = v1alpha1.ConditionReconciling
			}
			condition := expectCondition(t, p, kind, metav1.ConditionTrue, v1alpha1.ReasonInvalidReference)
			if want := strings.ReplaceAll(c.want, "NS", p.Namespace); !strings.Contains(condition.Message, want) {
				t.Errorf("\nwant %s\nhave %s", want, condition.Message)
			}
			// A Secret without the label is invisible to the watch: somebody may be waiting.
			result, err := under.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)})
			if err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > 15*time.Second {
				t.Errorf("looks again after %s (%v)", result.RequeueAfter, err)
			}
			for kind, object := range gatewayObjects(p) {
				err := get(t, object)
				if kind == "Secret" {
					if err != nil {
						t.Errorf("the configuration, and with it deny, waits for a Secret: %v", err)
					}
				} else if !apierrors.IsNotFound(err) {
					t.Errorf("%s was made although nothing should be: %v", kind, err)
				}
			}
			repaired := labelled(c.fixed)
			repaired.Namespace = p.Namespace
			if c.secret == nil {
				create(t, repaired)
			} else {
				update(t, c.secret, func(s *corev1.Secret) { s.Labels, s.Data = repaired.Labels, repaired.Data })
			}
			expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
		})
	}
}

// A gateway that runs goes on when a Secret is lost: it holds what it knows.
func TestLostReferenceLeavesTheGatewayAlone(t *testing.T) {
	namespace := plane.Namespace(t)
	secret := labelled(map[string][]byte{"secret": []byte("s3cret")})
	secret.Namespace = namespace
	create(t, secret)
	p := create(t, newPolicy(namespace, header))
	expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
	makeAvailable(t, p, 1)
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
	if err := k8s.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonInvalidReference)
	expectCondition(t, p, v1alpha1.ConditionGatewayAvailable, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
}
