// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	managerNamespace  = "jira-token-operator-system"
	managerDeployment = "jira-token-operator-manager"

	manifestImage = ": jira-token-operator:dev\n" // what config/manager names, for the manager and for the gateways

	installPatience = 5 * time.Minute
)

// kubectl runs the kubectl of PATH against the cluster under test and returns what it printed.
func kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	var out, problem bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &problem
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, problem.String())
	}
	return out.String(), nil
}

// install brings a version of the operator onto the cluster, or changes the one that is there to it, as `make deploy` does.
func install(ctx context.Context, v *version) error {
	ctx, cancel := context.WithTimeout(ctx, installPatience)
	defer cancel()
	manifests, err := kubectl(ctx, "", "kustomize", v.manifests)
	if err != nil {
		return err
	}
	if !strings.Contains(manifests, manifestImage) {
		return fmt.Errorf("%s does not name the image%q", v.manifests, strings.TrimSuffix(manifestImage, "\n"))
	}
	manifests = strings.ReplaceAll(manifests, manifestImage, ": "+v.image+"\n")
	if _, err := kubectl(ctx, manifests, "apply", "--server-side", "--force-conflicts", "-f", "-"); err != nil {
		return err
	}
	return managerRolledOut(ctx)
}

func managerRolledOut(ctx context.Context) error {
	_, err := kubectl(ctx, "", "rollout", "status", "-n", managerNamespace, "deployment/"+managerDeployment,
		"--timeout="+installPatience.String())
	return err
}

// uninstall removes all of the operator but what tokens live in: the resource definitions, and the namespace with its keys.
func uninstall(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, installPatience)
	defer cancel()
	for _, part := range []string{"webhook", "manager", "rbac", "admission"} {
		folder := filepath.Join(set.operator.manifests, "..", part)
		if _, err := kubectl(ctx, "", "delete", "--ignore-not-found", "--wait", "-k", folder); err != nil {
			return err
		}
	}
	_, err := kubectl(ctx, "", "wait", "--for=delete", "pod", "-n", managerNamespace, "-l", "app.kubernetes.io/component=manager",
		"--timeout="+installPatience.String())
	return err
}

// removeKept removes what uninstall keeps.
func removeKept(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, installPatience)
	defer cancel()
	_, err := kubectl(ctx, "", "delete", "--ignore-not-found", "-k", filepath.Join(set.operator.manifests, "..", "crd"))
	if err != nil {
		return err
	}
	_, err = kubectl(ctx, "", "delete", "--ignore-not-found", "namespace", managerNamespace)
	return err
}
