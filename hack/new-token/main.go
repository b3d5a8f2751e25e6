// SPDX-License-Identifier: Apache-2.0

// Command new-token makes a token outside the cluster, for an ApiToken that declares its hash (spec.tokenHash).
package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, rand.Reader); err != nil {
		fmt.Fprintln(os.Stderr, "new-token:", err)
		os.Exit(1)
	}
}

// run writes a token into a new file, that its owner alone can read, and says what to declare.
func run(args []string, out io.Writer, random io.Reader) error {
	if len(args) != 1 {
		return errors.New("say which new file the token is to be written into: go run ./hack/new-token ci.token")
	}
	plaintext, err := token.Generate(random)
	if err != nil {
		return err
	}
	hash, err := plaintext.Hash().MarshalText()
	if err != nil {
		return err
	}
	if err := writeNew(args[0], plaintext.Reveal()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "tokenHash: %s\n", hash)
	return err
}

// writeNew leaves what exists alone, and nothing that is cut short.
func writeNew(path, content string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the token needs a new file: %w", err)
	}
	_, err = file.WriteString(content) // without a line end, which would not be a part of it
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
