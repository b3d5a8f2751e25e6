// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
)

// recordChange puts a new generation of a policy into the audit trail, before the status says that it was seen: a kill in
// between repeats the line.
func (r *Reconciler) recordChange(ctx context.Context, p, before *v1alpha1.TokenPolicy) error {
	if before.Status.ObservedGeneration == p.Generation || r.Trail == nil {
		return nil
	}
	// The cache may be behind the status that was written with the line.
	recorded := r.recorded.Of(client.ObjectKeyFromObject(p), p.UID, func() *int64 { return new(int64) })
	if *recorded == p.Generation {
		return nil
	}
	digest, err := specDigest(&p.Spec)
	if err != nil {
		return err
	}
	manager, err := r.fieldManager(ctx, p)
	if err != nil {
		return err
	}
	r.record(p, audittrail.Entry{Event: audittrail.Policy, SpecDigest: digest, FieldManager: manager})
	*recorded = p.Generation
	return nil
}

// recordDeletion records that a policy goes, before its finalizer does.
func (r *Reconciler) recordDeletion(p *v1alpha1.TokenPolicy) {
	r.record(p, audittrail.Entry{Event: audittrail.PolicyDeleted})
	r.recorded.Forget(client.ObjectKeyFromObject(p))
}

func (r *Reconciler) record(p *v1alpha1.TokenPolicy, e audittrail.Entry) {
	e.Policy, e.UID, e.Generation = client.ObjectKeyFromObject(p).String(), string(p.UID), p.Generation
	audittrail.OrNowhere(r.Trail).Record(e)
}

// specDigest is the same for the same spec. Specs name Secrets and hold nothing of theirs.
func specDigest(spec *v1alpha1.TokenPolicySpec) (string, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return "", fmt.Errorf("digest of the spec: %w", err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// fieldManager is which program changed the spec last. The cache does not keep that.
func (r *Reconciler) fieldManager(ctx context.Context, p *v1alpha1.TokenPolicy) (string, error) {
	var list v1alpha1.TokenPolicyList
	err := r.Live.List(ctx, &list, client.InNamespace(p.Namespace), client.MatchingFields{metav1.ObjectNameField: p.Name})
	if err != nil {
		return "", fmt.Errorf("who changed the policy: %w", err)
	}
	if len(list.Items) != 1 || list.Items[0].UID != p.UID {
		return "", nil // gone again
	}
	return lastManager(list.Items[0].ManagedFields), nil
}

// lastManager is pure: the manager of the latest write that was not of the status, nor ours of the finalizer.
func lastManager(fields []metav1.ManagedFieldsEntry) (manager string) {
	var latest *metav1.Time
	for i := range fields {
		entry := &fields[i]
		if entry.Subresource != "" || entry.Time == nil || !ownsSpec(entry) {
			continue
		}
		if latest == nil || !entry.Time.Before(latest) {
			latest, manager = entry.Time, entry.Manager
		}
	}
	return manager
}

func ownsSpec(entry *metav1.ManagedFieldsEntry) bool {
	var owned map[string]json.RawMessage
	return entry.FieldsV1 != nil && json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned) == nil && owned["f:spec"] != nil
}
