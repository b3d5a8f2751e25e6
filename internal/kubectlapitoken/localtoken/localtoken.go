// SPDX-License-Identifier: Apache-2.0

// Package localtoken makes tokens on the caller's machine: the cluster gets their hash alone. A token goes to standard
// output or into a new file, once, and nowhere else.
package localtoken

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// Flags are --local and --token-file.
type Flags struct {
	Local bool
	File  string
	// Random is where tokens come from; nil: crypto/rand.
	Random io.Reader
}

// AddFlags adds them to a command's.
func (f *Flags) AddFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&f.Local, "local", false, "make the token on this machine, print it once, and declare its hash alone")
	fs.StringVar(&f.File, "token-file", "", "with --local: write the token into this new file, that only you can read")
}

// Check looks at the flags. printed tells that standard output is for something else.
func (f *Flags) Check(printed bool) error {
	switch {
	case f.File != "" && !f.Local:
		return usage.Errorf("--token-file needs --local: without it the operator makes the token, and writes it into a Secret")
	case f.Local && f.File == "" && printed:
		return usage.Errorf("--token-file is needed where --output or --dry-run print an object: the token must not get into it")
	}
	return nil
}

// ToStdout tells whether the token goes to standard output.
func (f *Flags) ToStdout() bool { return f.Local && f.File == "" }

// Made is a token that nobody has seen yet, unless it is in the file.
type Made struct {
	Hash  v1alpha1.TokenHash
	ID    string
	token token.Token
}

// Make makes a token, and writes it into the file, if there is to be one: before its hash is declared, or a token that works
// could be lost.
func (f *Flags) Make() (*Made, error) {
	random := f.Random
	if random == nil {
		random = rand.Reader
	}
	plaintext, err := token.Generate(random)
	if err != nil {
		return nil, fmt.Errorf("make a token: %w", err)
	}
	hash, err := plaintext.Hash().MarshalText()
	if err != nil {
		return nil, err
	}
	if f.File != "" {
		if err := writeNew(f.File, plaintext.Reveal()); err != nil {
			return nil, err
		}
	}
	return &Made{Hash: v1alpha1.TokenHash(hash), ID: plaintext.ID(), token: plaintext}, nil
}

// writeNew leaves what exists alone, and nothing that is cut short.
func writeNew(path, content string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // whoever runs the plugin names it
	if errors.Is(err, os.ErrExist) {
		return usage.Errorf("--token-file %s exists: a new file is needed", path)
	}
	if err != nil {
		return usage.Errorf("--token-file: %w", err)
	}
	_, err = file.WriteString(content) // without a line end, which would not be a part of it
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("write --token-file: %w", err), os.Remove(path))
	}
	return nil
}

// Undeclared ends a dry run, in which no hash was declared. The file stays where the object was printed with the hash, to be
// declared by somebody else.
func (f *Flags) Undeclared(made *Made, printed bool, streams genericiooptions.IOStreams) error {
	if printed {
		return f.Reveal(made, streams)
	}
	if made == nil || f.File == "" {
		return nil
	}
	if err := os.Remove(f.File); err != nil {
		return fmt.Errorf("remove the token of the dry run, which is worthless: %w", err)
	}
	_, err := fmt.Fprintf(streams.ErrOut, "%s was removed again: nothing was declared in the dry run\n", f.File)
	return err
}

// Worthless takes back a token whose hash was not declared, because of err. Where that is not known, as the API server
// did not answer, the file stays.
func (f *Flags) Worthless(made *Made, err error) error {
	switch {
	case made == nil:
		return err
	case !refused(err) && f.File != "":
		return fmt.Errorf("%w; it is not known whether the API server took it: %s holds the token, which works only if the "+
			"ApiToken is there with its hash", err, f.File)
	case !refused(err):
		return fmt.Errorf("%w; it is not known whether the API server took it: if the ApiToken is there, delete it, as its token "+
			"was not printed", err)
	case f.File != "":
		return errors.Join(fmt.Errorf("%w; the token was worthless, and %s is deleted", err, f.File), os.Remove(f.File))
	}
	return fmt.Errorf("%w; the token was worthless and is not printed", err)
}

// refused tells whether the API server, or something before it, has said no: the hash is not declared.
func refused(err error) bool {
	if utilnet.IsConnectionRefused(err) {
		return true
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		_, unknown := errors.AsType[interface {
			error
			Timeout() bool
		}](err)
		return !unknown
	}
	code := status.Status().Code
	return code >= 400 && code < 500
}

// Reveal prints the token to standard output, unless it is in a file.
func (f *Flags) Reveal(made *Made, streams genericiooptions.IOStreams) error {
	if made == nil {
		return nil
	}
	if !f.ToStdout() {
		_, err := fmt.Fprintf(streams.ErrOut, "%s holds the token, which the cluster never gets: keep it safe\n", f.File)
		return err
	}
	if _, err := fmt.Fprintln(streams.Out, made.token.Reveal()); err != nil {
		return fmt.Errorf("print the token: %w; it is lost: delete the ApiToken, or declare another hash (kubectl apitoken rotate "+
			"--local)", err)
	}
	return nil
}
