// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

// runMake runs a target with a kubectl, and a container engine, that keeps what it is called with and what it is to apply, on a
// machine that has no Go.
func runMake(t *testing.T, args ...string) (applied []*unstructured.Unstructured, commands string) {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is missing")
	}
	dir := t.TempDir()
	script := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	script("go", "echo 'go was called' >&2; exit 1\n")
	fake := script("kubectl", `cd `+dir+`
echo "$*" >>commands
case $1 in
kustomize) cd "$OLDPWD"; exec `+kubectl(t)+` "$@" ;;
*) case "$*" in *"-f -") cat >applied ;; esac ;;
esac
`)
	args = append([]string{"-C", configPath(".."), "KUBECTL=" + fake, "CONTAINER_TOOL=" + fake}, args...)
	command := exec.CommandContext(t.Context(), "make", args...)
	command.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make %v: %v\n%s", args, err, out)
	}
	if content, err := os.ReadFile(filepath.Join(dir, "applied")); err == nil {
		applied = decode(t, content)
	}
	return applied, string(read(t, filepath.Join(dir, "commands")))
}

func TestMakeDeployUsesTheImage(t *testing.T) {
	for image, args := range map[string][]string{
		"jira-token-operator:dev":                 {"deploy"},
		"registry.example:5000/team/op:v1":        {"deploy", "IMG=registry.example:5000/team/op:v1"},
		"registry.example/op@sha256:0123456789ab": {"deploy", "IMG=registry.example/op@sha256:0123456789ab"},
	} {
		applied, commands := runMake(t, args...)
		if !strings.Contains(commands, "apply --server-side -f -") {
			t.Errorf("kubectl was called with %s", commands)
		}
		found := false
		for _, object := range applied {
			if object.GetKind() != "Deployment" {
				continue
			}
			found = true
			var d appsv1.Deployment
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &d); err != nil {
				t.Fatal(err)
			}
			// The gateways run what the manager runs.
			if c := d.Spec.Template.Spec.Containers[0]; c.Image != image || c.Env[0].Value != image {
				t.Errorf("want %s, the manager would run %s, the gateways %s", image, c.Image, c.Env[0].Value)
			}
		}
		if !found {
			t.Errorf("%v applies no Deployment", args)
		}
	}
}

func TestMakeInstallNeedsNoGo(t *testing.T) {
	if _, commands := runMake(t, "install"); strings.TrimSpace(commands) != "apply --server-side -k config/crd" {
		t.Errorf("kubectl was called with %s", commands)
	}
}

// keptByUndeploy are the kinds that helm uninstall leaves as well: what people declared, what protects it, and the namespace
// with the keys that stamps are signed with.
var keptByUndeploy = map[string]bool{
	"CustomResourceDefinition": true, "ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true, "Namespace": true,
}

// It removes all of config/default but what is kept, and says nothing of what is gone already.
func TestMakeUndeployKeepsTokens(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is missing")
	}
	installDefault(t)
	policy := policyFor(plane.Namespace(t), "default")
	if err := plane.Client.Create(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		undeploy := exec.CommandContext(t.Context(), "make", "-C", configPath(".."), "undeploy", "KUBECTL="+kubectl(t))
		undeploy.Env = append(os.Environ(), "KUBECONFIG="+controlplane.Kubeconfig(t, plane.Config))
		if out, err := undeploy.CombinedOutput(); err != nil {
			t.Fatalf("make undeploy: %v\n%s", err, out)
		}
	}
	for _, object := range decode(t, kustomize(t, "default")) {
		err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object.DeepCopy())
		switch kept := keptByUndeploy[object.GetKind()]; {
		case kept && err != nil:
			t.Errorf("%s %s should be kept: %v", object.GetKind(), object.GetName(), err)
		case !kept && !apierrors.IsNotFound(err):
			t.Errorf("%s %s should be gone: %v", object.GetKind(), object.GetName(), err)
		}
	}
	if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(policy), policy); err != nil || policy.DeletionTimestamp != nil {
		t.Errorf("the policy should be kept: %v", err)
	}
}

func TestMakeDockerBuildTakesArguments(t *testing.T) {
	_, commands := runMake(t, "docker-build", "VERSION=v1", "IMG=registry.example.com/op:v1",
		"DOCKER_BUILD_ARGS=--build-arg GOPROXY=https://goproxy.example.com")
	want := "build --build-arg VERSION=v1 --build-arg GOPROXY=https://goproxy.example.com -t registry.example.com/op:v1 ."
	if strings.TrimSpace(commands) != want {
		t.Errorf("\nwant %s\nhave %s", want, commands)
	}
	dockerfile := string(read(t, configPath("..", "Dockerfile")))
	if argument, use := strings.Index(dockerfile, "\nARG GOPROXY\n"), strings.Index(dockerfile, "\nRUN go mod download"); argument < 0 || use < argument {
		t.Error("the Dockerfile does not take GOPROXY before it asks for modules")
	}
}
