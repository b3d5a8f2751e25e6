// SPDX-License-Identifier: Apache-2.0

// Mkimg writes an OCI image, as a tarball that containerd, Docker and Podman can load, from static programs and
// other files. No daemon, base image or registry is involved. The same input gives the same image digest.
//
//	mkimg -name localhost/app:1 -o app.tar -entrypoint /app -user 65532:65532 app:/app config.yaml:/etc/config.yaml:0644
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
)

const usage = `usage: mkimg -name HOST/NAME:TAG -o TARBALL -entrypoint WORD [OPTION]... FILE:/PATH[:MODE]...

Puts each FILE at /PATH of the image, owned by root, with octal MODE (default 0755). Folders above it are made.

`

// words is a flag that may be given several times.
type words []string

func (w *words) String() string        { return strings.Join(*w, " ") }
func (w *words) Set(word string) error { *w = append(*w, word); return nil }

type options struct {
	name, output, user, arch                string
	entrypoint, env, labels, folders, files words
}

func main() {
	var o options
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.StringVar(&o.name, "name", "", "name and tag of the image")
	flag.StringVar(&o.output, "o", "", "tarball to write")
	flag.Var(&o.entrypoint, "entrypoint", "a word of the command to run; repeat for each")
	flag.StringVar(&o.user, "user", "", "UID[:GID] to run as (default root)")
	flag.Var(&o.env, "env", "KEY=VALUE of the environment; may be repeated")
	flag.Var(&o.labels, "label", "KEY=VALUE label of the image; may be repeated")
	flag.Var(&o.folders, "dir", "/PATH[:MODE] of a folder, as /tmp:1777 (default mode 0755); may be repeated")
	flag.StringVar(&o.arch, "arch", runtime.GOARCH, "processor architecture")
	flag.Parse()
	o.files = flag.Args()
	digest, err := write(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mkimg:", err)
		os.Exit(1)
	}
	fmt.Println(o.name, digest)
}
