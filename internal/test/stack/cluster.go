// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/setup"
)

// patience is for a machine that has a lot to do besides.
const patience = 3 * time.Minute

// Kubectl runs the real kubectl, which finds the plugin, as the administrator, and returns what it printed.
func (s *Stack) Kubectl(ctx context.Context, args ...string) (string, error) {
	return s.KubectlWith(ctx, nil, args...)
}

// KubectlWith is Kubectl with a standard input.
func (s *Stack) KubectlWith(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.assets(), "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig, "HOME="+s.Dir,
		"PATH="+s.Dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %v: %w: %s", args, err, out.String())
	}
	return out.String(), nil
}

// APIClient makes a client of the administrator's that knows the custom resources as well.
func (s *Stack) APIClient() (client.Client, error) {
	scheme, err := setup.Scheme()
	if err != nil {
		return nil, err
	}
	return client.New(s.Config, client.Options{Scheme: scheme})
}

// accountKubeconfig writes a kubeconfig with a token of a ServiceAccount.
func (s *Stack) accountKubeconfig(ctx context.Context, namespace, name string) (string, error) {
	seconds := int64((12 * time.Hour).Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := s.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	const only = "local"
	file := filepath.Join(s.Dir, "kubeconfig-"+name)
	return file, clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			only: {Server: s.Config.Host, CertificateAuthorityData: s.Config.CAData},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{only: {Token: token.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{only: {Cluster: only, AuthInfo: only}},
		CurrentContext: only,
	}, file)
}

// WebhookAnswers waits until the API server has heard where the manager's webhook is, and what certifies it.
func WebhookAnswers(ctx context.Context, kube kubernetes.Interface) error {
	trial, err := json.Marshal(&v1alpha1.ApiToken{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ApiToken"},
		ObjectMeta: metav1.ObjectMeta{Name: "trial"},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "nobody", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead},
			PolicyRef: v1alpha1.PolicyReference{Namespace: PolicyNamespace, Name: PolicyName},
		},
	})
	if err != nil {
		return err
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = kube.Discovery().RESTClient().Post().
			AbsPath("apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version, "namespaces", "default", "apitokens").
			WarningHandler(rest.NoWarnings{}). // of the policy that is not there yet
			Param("dryRun", metav1.DryRunAll).Body(trial).Do(ctx).Error()
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the webhook does not answer: %w: %w", err, last)
	}
	return nil
}

// gatewayDeployment waits for the Deployment that the manager makes for the policy.
func (s *Stack) gatewayDeployment(ctx context.Context) (d *appsv1.Deployment, err error) {
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		d, err = s.Client.AppsV1().Deployments(PolicyNamespace).Get(ctx, gatewayName, metav1.GetOptions{})
		return err == nil, nil
	})
	if err != nil {
		out, _ := s.Kubectl(ctx, "get", "tokenpolicies", "-A", "-o", "yaml")
		return nil, fmt.Errorf("deployment %s/%s did not come: %w: %s", PolicyNamespace, gatewayName, err, out)
	}
	return d, nil
}

func (s *Stack) reportAvailable(ctx context.Context, d *appsv1.Deployment) error {
	d.Status.ObservedGeneration = d.Generation
	d.Status.Replicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas, d.Status.UpdatedReplicas = 1, 1, 1, 1
	if _, err := s.Client.AppsV1().Deployments(PolicyNamespace).UpdateStatus(ctx, d, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err := s.Kubectl(ctx, "wait", "--for=condition=Ready", "-n", PolicyNamespace, "tokenpolicy/"+PolicyName, "--timeout="+patience.String())
	return err
}
