// SPDX-License-Identifier: Apache-2.0

// Pause is the first process of every pod: it keeps the pod's namespaces open and otherwise does nothing.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signal.Ignore(syscall.SIGCHLD) // the kernel then reaps orphans, for pods that share a process namespace
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
