// SPDX-License-Identifier: Apache-2.0

// Command image builds the image of manager and gateway without a container engine: static programs and the system's usual
// certificates on nothing else, for several platforms, with a bill of materials each. From the same commit and the same Go it
// makes the same digest, on any machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// options are what the image is made of and where it goes.
type options struct {
	// root is the module whose programs are built.
	root string
	// platforms are os/architecture.
	platforms []string
	// name is repository:tag, as the archives call the image.
	name string
	// version is what the programs and the labels say.
	version string
	// revision is the commit that the labels name, if known.
	revision string
	// created is the time of everything in the image.
	created time.Time
	// out is the folder of the archives.
	out string
	// push is whether the image goes to the registry that name begins with.
	push bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	made, err := build(ctx, o)
	if err != nil {
		return err
	}
	if err := made.write(o); err != nil {
		return err
	}
	if o.push {
		if err := made.push(ctx, o.name); err != nil {
			return err
		}
	}
	digest, err := made.index.Digest()
	if err != nil {
		return err
	}
	fmt.Println(digest) // the standard output's only line, for scripts
	return nil
}

func parse(args []string) (*options, error) {
	o := &options{}
	var platforms string
	var epoch int64
	fs := flag.NewFlagSet("image", flag.ExitOnError)
	fs.StringVar(&o.root, "root", ".", "folder of the module with cmd/manager and cmd/gateway")
	fs.StringVar(&platforms, "platforms", "linux/amd64,linux/arm64", "platforms, separated by commas")
	fs.StringVar(&o.name, "name", "jira-token-operator:dev", "repository:tag")
	fs.StringVar(&o.version, "version", "dev", "version that the programs print and the labels have")
	fs.StringVar(&o.revision, "revision", "", "commit that the labels name")
	fs.Int64Var(&epoch, "source-date-epoch", 0, "time of all files, in seconds since 1970: that of the commit, say")
	fs.StringVar(&o.out, "out", "bin/image", "folder for the archives and the bills of materials")
	fs.BoolVar(&o.push, "push", false, "push to the registry that the name begins with, by the credentials of docker login")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if _, err := name.NewTag(o.name); err != nil {
		return nil, fmt.Errorf("-name: %w", err)
	}
	o.platforms = strings.Split(platforms, ",")
	o.created = time.Unix(epoch, 0).UTC()
	var err error
	o.root, err = filepath.Abs(o.root)
	return o, err
}
