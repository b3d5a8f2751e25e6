// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"os"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

func TestCRDsAreServed(t *testing.T) {
	var list v1alpha1.ApiTokenList
	if err := plane.Client.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
}

// Both kinds of identity are who they say, and may do nothing yet: 403, not 401.
func TestIdentities(t *testing.T) {
	namespace := plane.Namespace(t)
	for name, path := range map[string]string{
		"user":           controlplane.Kubeconfig(t, plane.User(t, "alice", "developers")),
		"ServiceAccount": controlplane.Kubeconfig(t, plane.ServiceAccount(t, namespace, "gateway")),
	} {
		config, err := clientcmd.BuildConfigFromFlags("", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = kubernetes.NewForConfigOrDie(config).CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: want Forbidden, got %v", name, err)
		}
	}
}

func TestLink(t *testing.T) {
	config, link := plane.Link(t, plane.Config)
	discovery := kubernetes.NewForConfigOrDie(config).Discovery()
	if _, err := discovery.ServerVersion(); err != nil {
		t.Fatal("before the cut:", err)
	}
	link.Cut()
	if _, err := discovery.ServerVersion(); err == nil {
		t.Fatal("the API server answers over a link that is cut")
	}
	link.Mend()
	if _, err := discovery.ServerVersion(); err != nil {
		t.Fatal("after mending:", err)
	}
}
