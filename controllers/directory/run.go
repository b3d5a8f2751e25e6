// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/jira"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// run does what is due in a pass and keeps the result. It returns what is known then. What went wrong in Jira is in the
// state; errors are of the API server.
func (r *Reconciler) run(ctx context.Context, w *pass, remembered *directory.Snapshot) (*directory.Snapshot, error) {
	kept, err := r.store.Load(ctx, w.policy)
	foreign, isForeign := errors.AsType[*stored.ForeignError](err)
	w.state.unkept = isForeign
	if isForeign {
		r.end(w, &outcome{trouble: &problem{reason: v1alpha1.ReasonForeignObject, message: foreign.Error()}})
		return remembered, nil
	}
	if err != nil {
		return nil, err
	}
	before := kept.Snapshot
	if before == nil {
		before = remembered
	}
	if kept.Damage != nil {
		log.FromContext(ctx).Error(kept.Damage, "what was kept of Jira is not believed and will be written anew")
		r.event(w.policy, damaged(kept.Damage))
	}
	after, o, err := r.ask(ctx, w, before)
	if err != nil {
		return nil, err
	}
	err = r.save(ctx, w, kept, after)
	if w.state.unkept = errors.Is(err, directory.ErrTooMany); w.state.unkept {
		o.trouble = &problem{reason: v1alpha1.ReasonInvalidSpec, message: err.Error() + ": name smaller groups"}
		after, err = before, nil
	}
	o.lost = err != nil
	r.end(w, o)
	if err != nil {
		return nil, r.reportLost(ctx, w, before, err)
	}
	for _, change := range directory.LossChanges(before, after) {
		r.event(w.policy, lossChanged(w.policy, change, w.settings.hold))
	}
	w.state.staleAt, w.state.maxStaleness = after.StaleAt(w.now, w.settings.maxStaleness), w.settings.maxStaleness
	return after, nil
}

// reportLost says in the status that what was read could not be kept. Somebody who wrote at the same time is no trouble.
func (r *Reconciler) reportLost(ctx context.Context, w *pass, before *directory.Snapshot, err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) ||
		apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return err
	}
	w.state.trouble = &problem{
		reason:  v1alpha1.ReasonDirectoryNotKept,
		message: "what Jira said could not be kept in Secrets of the policy's namespace: " + oneline.Of(err.Error(), quotedLimit),
	}
	return errors.Join(err, r.updateStatus(ctx, w.policy, w.groupStatus(before), w.judge(before)))
}

func (r *Reconciler) save(ctx context.Context, w *pass, kept *stored.Kept, s *directory.Snapshot) error {
	if len(s.Groups)+len(s.Users) == 0 && kept.Snapshot == nil {
		return nil // nothing was ever read
	}
	if err := r.store.Save(ctx, w.policy, kept, s, s.Content(w.now, w.settings.maxStaleness)); err != nil {
		return err
	}
	if !w.refresh {
		return nil
	}
	if err := r.store.Sweep(ctx, w.policy, w.now); err != nil {
		log.FromContext(ctx).Error(err, "old Secrets of the directory could not be deleted; it will be tried again")
	}
	return nil
}

// ask asks Jira what is missing, or all, and merges the answers into what is known. What is no longer wanted is left out.
func (r *Reconciler) ask(
	ctx context.Context, w *pass, before *directory.Snapshot,
) (after *directory.Snapshot, o *outcome, err error) {
	after, o = before.Merge(&directory.Reading{At: w.now}, w.settings.hold), &outcome{ended: w.now}
	if w.refresh || w.missing(before) {
		var c *jira.Client
		c, err = r.jiraClient(ctx, w.policy)
		trouble, isTrouble := errors.AsType[*problem](err)
		switch {
		case isTrouble:
			o.asked, o.trouble = true, trouble
		case err != nil:
			return nil, nil, err
		default:
			defer c.Close()
			after, o = r.read(ctx, w, c, before)
		}
	}
	if ctx.Err() != nil { // the manager ends
		return nil, nil, fmt.Errorf("read Jira: %w", ctx.Err())
	}
	return w.keep(after), o, nil
}

// read reads the groups first: they say who the owners are, and many owners with them.
func (r *Reconciler) read(
	ctx context.Context, w *pass, c *jira.Client, before *directory.Snapshot,
) (*directory.Snapshot, *outcome) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	names := w.groupsToRead(before)
	groups := newReading(c, w.now)
	groups.groups(ctx, names)
	o := &groups.outcome
	after := before.Merge(&groups.said, w.settings.hold)
	if o.trouble == nil && (len(names) == 0 || len(o.unread) < len(names)) { // somebody answers
		users := newReading(c, w.now)
		users.users(ctx, w.ownersToLookUp(after, o.unread))
		after = after.Merge(&users.said, w.settings.hold)
		o.trouble, o.unseen = users.outcome.trouble, users.outcome.unseen
		o.retryAfter = max(o.retryAfter, users.outcome.retryAfter)
	}
	o.ended = r.Clock.Now()
	return after, o
}

// end takes down how a pass has ended.
func (r *Reconciler) end(w *pass, o *outcome) {
	s := w.state
	if o.ended.IsZero() {
		o.ended = w.now
	}
	for _, name := range o.read {
		delete(s.unread, name)
	}
	maps.Copy(s.unread, o.unread)
	maps.DeleteFunc(s.unread, func(name string, _ error) bool { return !w.groupNames[name] })
	if w.refresh {
		clear(s.unseen)
	}
	maps.Copy(s.unseen, o.unseen)
	maps.DeleteFunc(s.unseen, func(name string, _ error) bool { return !w.owners[name] })
	if w.refresh || o.asked || o.lost {
		s.stopped = o.lost || o.trouble != nil
	}
	switch {
	case w.refresh:
		s.refreshed(w.now, w.source, o, w.settings.refreshInterval)
		r.metrics.refreshed(w.policy, o)
	case o.failed():
		s.hurry(o)
	case !o.asked:
		return
	}
	if !o.lost { // what could not be read before, and was not tried now, still can't be
		s.trouble = (&outcome{trouble: o.trouble, unread: s.unread, unseen: s.unseen}).asWhole()
	}
}
