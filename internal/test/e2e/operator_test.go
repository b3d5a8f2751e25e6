// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	release = "jira-token-operator" // as the quick start calls it

	managerNamespace  = "jira-token-operator-system"
	managerDeployment = "jira-token-operator-manager"

	installPatience = 5 * time.Minute
)

// Versions of Helm. What one has installed, the next takes over.
const (
	helm3 = "helm3"
	helm4 = "helm"
)

// kubectl runs the kubectl of PATH against the cluster under test and returns what it printed.
func kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	return runProgram(ctx, "kubectl", stdin, args...)
}

// helm runs one version of Helm in the operator's namespace.
func helm(ctx context.Context, helmVersion string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, installPatience)
	defer cancel()
	_, err := runProgram(ctx, filepath.Join(set.helm, helmVersion), "", append(args, "--namespace="+managerNamespace)...)
	return err
}

func runProgram(ctx context.Context, program, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var out, problem bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &problem
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", filepath.Base(program), strings.Join(args, " "), err, problem.String())
	}
	return out.String(), nil
}

// install brings a version of the operator onto the cluster, into a namespace that takes only restricted pods. The chart's
// NetworkPolicy is among what is installed, but hack/cluster has nothing that enforces it: that the manager is reached by those
// who need it, and by nobody else, is not shown here.
func install(ctx context.Context, helmVersion string, v *version) error {
	if err := kube.Create(ctx, restrictedNamespace(managerNamespace)); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return deploy(ctx, helmVersion, "install", v)
}

// upgradeTo changes the operator that is there to another version.
func upgradeTo(ctx context.Context, v *version) error { return deploy(ctx, helm4, "upgrade", v) }

func deploy(ctx context.Context, helmVersion, verb string, v *version) error {
	if err := helm(ctx, helmVersion, append([]string{verb, release, v.chart}, v.values()...)...); err != nil {
		return err
	}
	return managerRolledOut(ctx)
}

func managerRolledOut(ctx context.Context) error {
	return rolledOut(ctx, managerNamespace, managerDeployment)
}

// uninstall removes all of the operator but what its chart keeps and what the manager has made.
func uninstall(ctx context.Context) error {
	if err := helm(ctx, helm4, "uninstall", release, "--ignore-not-found"); err != nil {
		return err
	}
	_, err := kubectl(ctx, "", "wait", "--for=delete", "pod", "-n", managerNamespace, "-l", "app.kubernetes.io/component=manager",
		"--timeout="+installPatience.String())
	return err
}

// removeKept removes what uninstall leaves.
func removeKept(ctx context.Context) error {
	var errs []error
	for _, kept := range keptObjects {
		_, err := kubectl(ctx, "", "delete", "--ignore-not-found", "--timeout="+installPatience.String(), kept)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// keptObjects are what an uninstall leaves: what people declared, what protects it, and the namespace with the manager's keys.
var keptObjects = []string{
	"customresourcedefinition/apitokens.jiratokens.io",
	"customresourcedefinition/tokenapprovals.jiratokens.io",
	"customresourcedefinition/tokenpolicies.jiratokens.io",
	"validatingadmissionpolicybinding/jira-token-operator-secrets",
	"validatingadmissionpolicybinding/jira-token-operator-stamps",
	"validatingadmissionpolicybinding/jira-token-operator-status",
	"validatingadmissionpolicy/jira-token-operator-secrets",
	"validatingadmissionpolicy/jira-token-operator-stamps",
	"validatingadmissionpolicy/jira-token-operator-status",
	"namespace/" + managerNamespace,
}
