// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// stateKinds are written down when a story fails. Secrets are not among them: see listSecrets.
const stateKinds = "tokenpolicies,apitokens,tokenapprovals,deployments,replicasets,pods,services,endpointslices,leases," +
	"poddisruptionbudgets"

// writeState writes what there is to a folder: logs of all pods, events, objects, what Secrets there are (without their
// data), and what the workloads asked.
func writeState(ctx context.Context, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	fmt.Println("what was there is written to", folder)
	errs := []error{writeLogs(ctx, folder)}
	write := func(name, text string, err error) {
		errs = append(errs, err, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	for name, args := range map[string][]string{
		"nodes.txt":    {"describe", "nodes"},
		"pods.txt":     {"get", "pods", "-A", "-o", "wide"},
		"events.txt":   {"get", "events", "-A", "--sort-by=.lastTimestamp"},
		"objects.yaml": {"get", stateKinds, "-A", "-o", "yaml"},
	} {
		text, err := kubectl(ctx, "", args...)
		write(name, text, err)
	}
	text, err := listSecrets(ctx)
	write("secrets.txt", text, err)
	text, err = tellWorkloads(ctx)
	write("workloads.txt", text, err)
	return errors.Join(errs...)
}

func writeLogs(ctx context.Context, folder string) error {
	var pods corev1.PodList
	if err := kube.List(ctx, &pods); err != nil {
		return err
	}
	var errs []error
	for i := range pods.Items {
		p := &pods.Items[i]
		name := filepath.Join(folder, p.Namespace+"-"+p.Name)
		text, err := kubectl(ctx, "", "logs", "-n", p.Namespace, p.Name, "--all-containers", "--timestamps")
		errs = append(errs, err, os.WriteFile(name+".log", []byte(text), 0o600))
		if len(p.Status.ContainerStatuses) > 0 && p.Status.ContainerStatuses[0].RestartCount > 0 {
			text, err = kubectl(ctx, "", "logs", "-n", p.Namespace, p.Name, "--all-containers", "--timestamps", "--previous")
			errs = append(errs, err, os.WriteFile(name+".previous.log", []byte(text), 0o600))
		}
	}
	return errors.Join(errs...)
}

func listSecrets(ctx context.Context) (string, error) {
	var secrets corev1.SecretList
	if err := kube.List(ctx, &secrets); err != nil {
		return "", err
	}
	var lines strings.Builder
	for i := range secrets.Items {
		s := &secrets.Items[i]
		fmt.Fprintf(&lines, "%s/%s uid=%s version=%s type=%s keys=%d labels=%v\n", s.Namespace, s.Name, s.UID, s.ResourceVersion, s.Type,
			len(s.Data), s.Labels)
	}
	return lines.String(), nil
}

func tellWorkloads(ctx context.Context) (string, error) {
	var pods corev1.PodList
	if err := kube.List(ctx, &pods); err != nil {
		return "", err
	}
	var lines bytes.Buffer
	for i := range pods.Items {
		w := &workload{namespace: pods.Items[i].Namespace, name: pods.Items[i].Name}
		if command := pods.Items[i].Spec.Containers[0].Command; len(command) == 0 || command[0] != "/workload" {
			continue
		}
		report, err := w.fetchReport(ctx)
		if err != nil {
			fmt.Fprintf(&lines, "%v\n", err)
			continue
		}
		fmt.Fprintf(&lines, "%s/%s: %s\n", w.namespace, w.name, report)
		for _, token := range report.Tokens {
			fmt.Fprintf(&lines, "  token %s since %s: %d requests\n", token.ID, token.Since.UTC().Format(time.TimeOnly), token.Requests)
		}
	}
	return lines.String(), nil
}
