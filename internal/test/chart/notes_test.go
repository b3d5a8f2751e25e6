// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// The four commands of the notes do what they say.
func TestNotes(t *testing.T) {
	helm := newHelm(t, "helm")
	notes := helm.install(t, namespace(t, "notes"))
	// No manager runs, which would answer it.
	webhook := &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "jira-token-operator"}}
	if err := plane.Client.Delete(t.Context(), webhook); err != nil {
		t.Fatal(err)
	}
	commands := command.FindAllString(notes, -1)
	if len(commands) != 4 {
		t.Fatalf("there are %d commands in\n%s", len(commands), notes)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "alice.pat"), []byte("a personal access token"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range commands[:3] {
		if err := bash(t, helm, dir, command); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() error { return bash(t, helm, dir, commands[3]) }) // the API server may still be asking the webhook
	var credential corev1.Secret
	get(t, &credential, "jira-gateway", "alice")
	if credential.Labels["jiratokens.io/policy"] != "jira" || string(credential.Data["token"]) != "a personal access token" {
		t.Errorf("alice's credential is %+v", credential)
	}
	get(t, &v1alpha1.TokenPolicy{}, "jira-gateway", "jira")
	get(t, &v1alpha1.ApiToken{}, "marketing", "intake")
}

var command = regexp.MustCompile(`(?ms)^kubectl (create|apply) .*?(\nEND$|\n\n)`)

func bash(t *testing.T, helm *Helm, dir, command string) error {
	t.Helper()
	script := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", command)
	script.Dir = dir
	script.Env = []string{"KUBECONFIG=" + helm.kubeconfig, "HOME=" + dir, "PATH=" + filepath.Dir(kubectl(t)) + ":" + os.Getenv("PATH")}
	out, err := script.CombinedOutput()
	t.Logf("%s%s", command, out)
	return err
}
