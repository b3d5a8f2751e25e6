// SPDX-License-Identifier: Apache-2.0

// Package chart installs the Helm chart on a real API server, with Helm 3 and Helm 4: `make chart-test`.
package chart

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

const (
	root = "../../.."
	path = root + "/charts/jira-token-operator"

	// configNamespace is where config/default installs to.
	configNamespace = "jira-token-operator-system"
	managerAccount  = "jira-token-operator-manager"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	if os.Getenv("HELM") == "" {
		fmt.Fprintln(os.Stderr, "skipped: Helm is not built: make chart-test builds it and runs these tests")
		return
	}
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }, othersCRDs))
}

// othersCRDs has the API server know what the chart can make objects of, and not the chart's own.
func othersCRDs(env *envtest.Environment) {
	env.CRDDirectoryPaths = nil
	env.ControlPlaneStartTimeout = 5 * time.Minute // the machine may be busy with builds of Helm
	env.CRDInstallOptions.MaxTime = time.Minute
	for folder := range strings.FieldsSeq(os.Getenv("OTHERS_CRDS")) {
		for _, kind := range []string{"certificates", "issuers", "clusterissuers", "podmonitors", "prometheusrules"} {
			files, err := filepath.Glob(filepath.Join(folder, "*_"+kind+".yaml"))
			if err == nil {
				env.CRDDirectoryPaths = append(env.CRDDirectoryPaths, files...)
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// eventually waits for what the API server does in the background.
func eventually(t *testing.T, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
