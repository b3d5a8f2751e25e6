// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Namespace makes a namespace for one test and returns its name. It is left behind: nothing would finish its deletion.
func (p *Plane) Namespace(tb testing.TB, labels ...map[string]string) string {
	tb.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: map[string]string{}}}
	for _, l := range labels {
		maps.Copy(namespace.Labels, l)
	}
	if err := p.Client.Create(tb.Context(), namespace); err != nil {
		tb.Fatalf("create a namespace: %v", err)
	}
	return namespace.Name
}

// User returns a configuration for a user with a client certificate. Without RBAC objects such a user may do nothing.
func (p *Plane) User(tb testing.TB, name string, groups ...string) *rest.Config {
	tb.Helper()
	user, err := p.env.AddUser(envtest.User{Name: name, Groups: groups}, &rest.Config{QPS: -1})
	if err != nil {
		tb.Fatalf("add user %s: %v", name, err)
	}
	return user.Config()
}

// ServiceAccount makes a ServiceAccount unless it exists and returns a configuration with a bound token of it.
func (p *Plane) ServiceAccount(tb testing.TB, namespace, name string) *rest.Config {
	tb.Helper()
	accounts := p.Clientset.CoreV1().ServiceAccounts(namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := accounts.Create(tb.Context(), account, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		tb.Fatalf("create ServiceAccount %s: %v", name, err)
	}
	request, err := accounts.CreateToken(tb.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatalf("request a token of ServiceAccount %s: %v", name, err)
	}
	config := rest.AnonymousClientConfig(p.Config)
	config.QPS = -1
	config.BearerToken = request.Status.Token
	return config
}

// Kubeconfig writes a configuration to a file for a process that the test starts, and returns the file's path.
func Kubeconfig(tb testing.TB, config *rest.Config) string {
	tb.Helper()
	const name = "test"
	path := filepath.Join(tb.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			name: {Server: config.Host, CertificateAuthorityData: config.CAData, TLSServerName: config.ServerName},
		},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{name: {
			ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Token: config.BearerToken,
		}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}, path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		tb.Fatalf("write kubeconfig: %v", err)
	}
	return path
}
