// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// findTools returns the folder of etcdctl and etcdutl: $ETCD_TOOLS, or what hack/etcd/build.sh has built.
func findTools(root string) (string, error) {
	folder := os.Getenv("ETCD_TOOLS")
	if folder == "" {
		folder = filepath.Join(root, "bin", "etcd")
	}
	for _, name := range []string{"etcdctl", "etcdutl"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return "", fmt.Errorf("no etcdctl and etcdutl in %s: run hack/etcd/build.sh: %w", folder, err)
		}
	}
	return folder, nil
}

func runTool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), filepath.Join(tools, name), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// backup is a snapshot of etcd, as administrators take them.
func backup(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "snapshot.db")
	runTool(t, "etcdctl", "--endpoints="+local.Env.ControlPlane.Etcd.URL.String(), "snapshot", "save", file)
	return file
}

// stopCluster takes the API server and etcd away, and what etcd held.
func stopCluster(t *testing.T) {
	t.Helper()
	must(t, local.StopAPIServer())
	must(t, local.Env.ControlPlane.Etcd.Stop())
}

// startCluster brings them back with what was in the backup. Revisions go on far above those that clients have seen, and no
// watch can go on from one of these: so Kubernetes' documentation wants it.
func startCluster(t *testing.T, file string) {
	t.Helper()
	etcd := local.Env.ControlPlane.Etcd
	etcd.DataDir = filepath.Join(local.Dir, "etcd-"+filepath.Base(t.Name()))
	runTool(t, "etcdutl", "snapshot", "restore", file, "--data-dir="+etcd.DataDir, "--bump-revision=1000000000", "--mark-compacted")
	must(t, etcd.Start())
	must(t, local.StartAPIServer())
}
