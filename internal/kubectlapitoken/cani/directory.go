// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
)

// readDirectory reads what the manager keeps of Jira's groups and users, which takes the right to get Secrets in the
// policy's namespace: an administrator has it, and nobody else should.
func (g *gathering) readDirectory(ctx context.Context, reader client.Reader) (err error) {
	p := g.facts.Policy
	g.notes.members = withoutMembers("the operator has read nothing of it yet")
	g.facts.Directory, err = stored.NewReader(reader).Of(ctx, p)
	if apierrors.IsForbidden(err) {
		g.notes.members = withoutMembers(fmt.Sprintf("you may not get Secrets in namespace %s, where the operator keeps it",
			p.Namespace))
		return nil
	}
	return err
}
