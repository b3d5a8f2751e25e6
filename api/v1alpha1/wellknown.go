// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// Labels, annotations, finalizers and Secret types that the project reads or writes.
const (
	// LabelPolicy names the TokenPolicy that a Secret belongs to. An administrator puts it on every Secret that a
	// policy refers to: without it a policy can't use the Secret, so that whoever can write policies can't send any
	// Secret of the namespace to an address of their choice. The operator puts it on the Secrets that it makes.
	LabelPolicy = "jiratokens.io/policy"

	// LabelTokenUID is the UID of the ApiToken that a Secret made by the operator belongs to.
	LabelTokenUID = "jiratokens.io/token-uid"

	// LabelCredential marks, with the value CredentialOwnerToken, a Secret with a Jira personal access token of one
	// owner (keys `owner` and `token`), for `impersonation.ownerTokens`.
	LabelCredential = "jiratokens.io/credential"

	// CredentialOwnerToken is the value of LabelCredential for an owner's Jira personal access token.
	CredentialOwnerToken = "owner-token"

	// AnnotationDeleteWithTokens, set to "true" on a TokenPolicy, lets it be deleted while ApiTokens have credentials
	// from it. They stop working at once.
	AnnotationDeleteWithTokens = "jiratokens.io/delete-with-tokens"

	// AnnotationRequestedBy is, on an ApiToken, the operator's stamp of who declared it, and on a TokenApproval of who
	// decided. The operator's webhook writes it and refuses everybody else's.
	AnnotationRequestedBy = "jiratokens.io/requested-by"

	// AnnotationRequest, changed to any other value on an ApiToken, makes whoever changes it the one who declared it.
	// It is for tokens that were declared while the webhook was off, and for taking one over.
	AnnotationRequest = "jiratokens.io/request"

	// AnnotationRotateRequestedAt on an ApiToken, changed to any other value (a time, by convention), replaces its credential
	// by a new one. Each value is handled once; leaving it or applying it again does nothing.
	AnnotationRotateRequestedAt = "jiratokens.io/rotate-requested-at"

	// AnnotationCredentialID is, on the Secret that workloads mount, the id of the credential in it: it changes with each
	// rotation, for those who reload or restart by it.
	AnnotationCredentialID = "jiratokens.io/credential-id"

	// AnnotationConfirmLoss on a TokenPolicy, with the value that its condition DirectorySynced names, applies at once
	// that a group lost more than half of its members.
	AnnotationConfirmLoss = "jiratokens.io/confirm-loss"

	// FinalizerRevoke holds an ApiToken until its credentials are gone.
	FinalizerRevoke = "jiratokens.io/revoke"

	// FinalizerInUse holds a TokenPolicy while ApiTokens have credentials from it.
	FinalizerInUse = "jiratokens.io/in-use"

	// SecretTypeTokenHash is the type of the Secrets that hold the hash of one credential and what it grants.
	SecretTypeTokenHash corev1.SecretType = "jiratokens.io/token-hash"

	// SecretTypeGatewayConfig is the type of the Secret that holds a gateway's compiled configuration.
	SecretTypeGatewayConfig corev1.SecretType = "jiratokens.io/gateway-config"

	// SecretTypeDirectory is the type of the Secrets that hold what was read of Jira's groups and users.
	SecretTypeDirectory corev1.SecretType = "jiratokens.io/directory"

	// SecretTypeStampKeys is the type of the Secret, in the manager's namespace, with the keys that stamps are signed with.
	SecretTypeStampKeys corev1.SecretType = "jiratokens.io/stamp-keys"

	// SecretTypeWebhookAuthority is the type of the Secret, in the manager's namespace, with the authorities that certify
	// the operator's webhook.
	SecretTypeWebhookAuthority corev1.SecretType = "jiratokens.io/webhook-authority"

	// ManagedBy is the value of app.kubernetes.io/managed-by on everything the operator makes, and its field manager.
	ManagedBy = "jira-token-operator"
)
