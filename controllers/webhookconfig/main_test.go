// SPDX-License-Identifier: Apache-2.0

package webhookconfig_test

import (
	"os"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
