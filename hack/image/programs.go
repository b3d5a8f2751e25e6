// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// programs are the commands in the image.
var programs = []string{"manager", "gateway"}

// versionVariable is where the programs have their version.
const versionVariable = "github.com/jiratokens/jira-token-operator/internal/cli.release"

// compile builds the programs for one platform into the folder. Nothing of this machine gets into them: no paths, no C, and no
// state of the work tree (the version says what it was).
func compile(ctx context.Context, o *options, platform *v1.Platform, folder string) error {
	args := append(make([]string, 0, 16), "build", "-C", o.root, "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X "+versionVariable+"="+o.version, "-o", folder+string(filepath.Separator))
	for _, program := range programs {
		args = append(args, "./cmd/"+program)
	}
	fmt.Fprintf(os.Stderr, "image: building %v for %s\n", programs, platform)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOAMD64=v1",
		"GOARM64=v8.0", "GOOS="+platform.OS, "GOARCH="+platform.Architecture)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build for %s: %w", platform, err)
	}
	return nil
}
