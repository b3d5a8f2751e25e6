// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Ready, Reconciling and Stalled follow kstatus (the rules by which GitOps tools judge an object).
const (
	// ConditionReady is True when the object is as declared and nobody needs to act: also for a token that was
	// suspended or has expired, as declared.
	ConditionReady = "Ready"

	// ConditionActive is True when requests with the token are let through (subject to its scopes and limits).
	ConditionActive = "Active"

	// ConditionReconciling is True while the operator waits for something that may still come.
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True when nothing will change until a person acts.
	ConditionStalled = "Stalled"

	// ConditionExpiring is True on an ApiToken from a while before its expiry, or before its declared hash is too old for the
	// policy, until then; it is absent otherwise.
	ConditionExpiring = "Expiring"

	// ConditionUnused is True on an ApiToken that was not used for as long as its policy's monitoring.unusedAfter says; it is
	// absent otherwise.
	ConditionUnused = "Unused"

	// ConditionAccepted is True when a TokenPolicy and the Secrets that it refers to can be used.
	ConditionAccepted = "Accepted"

	// ConditionGatewayAvailable is True when at least one gateway pod of a TokenPolicy serves requests.
	ConditionGatewayAvailable = "GatewayAvailable"

	// ConditionSourceRangesEffective says, while a rule or a token of a TokenPolicy has source ranges, whether these judge
	// the clients' addresses. Unknown: it depends on what stands in front of the gateway.
	ConditionSourceRangesEffective = "SourceRangesEffective"

	// ConditionDirectorySynced is True when the groups and owners of a TokenPolicy with spec.directory were read from Jira
	// at the last attempt.
	ConditionDirectorySynced = "DirectorySynced"

	// ConditionImpersonationVerified is True when Jira took requests as TokenPolicies' gateways make them for the users that
	// they were made for, False when it did not, and Unknown where that was not or could not be tried.
	ConditionImpersonationVerified = "ImpersonationVerified"

	// ConditionOwnerTokensExpiring is True while Jira tokens of a TokenPolicy's owners expire within 30 days, or have; it is
	// absent otherwise.
	ConditionOwnerTokensExpiring = "OwnerTokensExpiring"

	// ConditionCertificateExpiring is True while a certificate that a TokenPolicy refers to (gateway.tls or
	// jira.clientCertificateSecretRef) expires soon, has expired, or is not valid yet; it is absent otherwise.
	ConditionCertificateExpiring = "CertificateExpiring"
)

// Reasons of an ApiToken's conditions.
const (
	// ReasonIssued: the token is live and its Secret is in place.
	ReasonIssued = "Issued"
	// ReasonSuspended: spec.suspend is true.
	ReasonSuspended = "Suspended"
	// ReasonExpired: the token's expiry has passed.
	ReasonExpired = "Expired"
	// ReasonExpiresSoon: the token's expiry is near (condition Expiring).
	ReasonExpiresSoon = "ExpiresSoon"
	// ReasonHashAgesOut: the declared hash will soon be older than the policy's limits.maxCredentialAge (condition Expiring).
	ReasonHashAgesOut = "HashAgesOut"
	// ReasonNotPermitted: no rule of the policy permits what the token declares.
	ReasonNotPermitted = "NotPermitted"
	// ReasonDenied: the policy's deny list names the token, its owner or its namespace.
	ReasonDenied = "Denied"
	// ReasonPolicyNotFound: the policy that policyRef names does not exist.
	ReasonPolicyNotFound = "PolicyNotFound"
	// ReasonPolicyNotWatched: the operator does not work on the namespace that policyRef names.
	ReasonPolicyNotWatched = "PolicyNotWatched"
	// ReasonPolicyNotReady: the policy has an error of its own; nothing is issued from it.
	ReasonPolicyNotReady = "PolicyNotReady"
	// ReasonNamespaceNotAllowed: the policy does not allow tokens in this namespace.
	ReasonNamespaceNotAllowed = "NamespaceNotAllowed"
	// ReasonSecretConflict: a Secret of the wanted name exists and belongs to somebody else.
	ReasonSecretConflict = "SecretConflict"
	// ReasonSecretRefused: the API server refused to write the Secret that holds the token.
	ReasonSecretRefused = "SecretRefused"
	// ReasonHashTaken: the declared hash belongs to another ApiToken.
	ReasonHashTaken = "HashTaken"
	// ReasonHashPending: the declared hash is this token's, and another credential that has it is being ended.
	ReasonHashPending = "HashPending"
	// ReasonHashTooOld: the declared hash was accepted before the policy's revokeIssuedBefore: another one has to be declared.
	ReasonHashTooOld = "HashTooOld"
	// ReasonHashRevoked: somebody deleted the hash Secret of the declared hash, which ends that token for good.
	ReasonHashRevoked = "HashRevoked"
	// ReasonOwnerCredentialMissing: the policy impersonates with the owners' Jira tokens, and the owner's is missing.
	ReasonOwnerCredentialMissing = "OwnerCredentialMissing"
	// ReasonNewerVersion: a newer version of the operator issued the credential; this one leaves it alone.
	ReasonNewerVersion = "NewerVersion"
	// ReasonRequesterUnknown: the rules ask who declared the token, and it has no valid stamp of that.
	ReasonRequesterUnknown = "RequesterUnknown"
	// ReasonPlacePending: an older token takes the place of a younger one of the same owner, which is not yet blocked.
	ReasonPlacePending = "PlacePending"
	// ReasonApprovalRequired: the rule asks for a TokenApproval, and there is none for what the token may do now.
	ReasonApprovalRequired = "ApprovalRequired"
	// ReasonApprovalDenied: a TokenApproval with the decision Deny stands against the token.
	ReasonApprovalDenied = "ApprovalDenied"
	// ReasonDirectoryPending: Jira has not been asked yet about the owner or a group, or not for too long.
	ReasonDirectoryPending = "DirectoryPending"
	// ReasonOwnerNotFound: Jira has no user of the owner's name.
	ReasonOwnerNotFound = "OwnerNotFound"
	// ReasonOwnerInactive: the owner's account in Jira is not active.
	ReasonOwnerInactive = "OwnerInactive"
	// ReasonOwnerChanged: the owner's name means another Jira user now than when the token was issued.
	ReasonOwnerChanged = "OwnerChanged"
	// ReasonTerminating: the object or its namespace is being deleted.
	ReasonTerminating = "Terminating"
)

// Reasons of a TokenPolicy's conditions, and of events.
const (
	// ReasonGatewayReady: the gateway serves requests.
	ReasonGatewayReady = "GatewayReady"
	// ReasonGatewayStarting: the gateway's pods are not ready yet.
	ReasonGatewayStarting = "GatewayStarting"
	// ReasonGatewayFailed: the gateway's Deployment did not get a pod ready in time.
	ReasonGatewayFailed = "GatewayFailed"
	// ReasonGatewayMissing: the gateway has not been deployed.
	ReasonGatewayMissing = "GatewayMissing"
	// ReasonGatewayRefused: the API server does not take an object of the gateway's: it finds it invalid, or a quota or
	// webhook forbids it.
	ReasonGatewayRefused = "GatewayRefused"
	// ReasonAccepted: the policy and the Secrets that it refers to can be used.
	ReasonAccepted = "Accepted"
	// ReasonInvalidReference: a Secret that the policy refers to is missing, unlabelled or lacks a key.
	ReasonInvalidReference = "InvalidReference"
	// ReasonInvalidSpec: a value passed the schema but can't be used.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonAnotherPolicy: an older TokenPolicy is in the same namespace.
	ReasonAnotherPolicy = "AnotherPolicyInNamespace"
	// ReasonForeignObject: an object that the gateway needs exists and belongs to somebody else.
	ReasonForeignObject = "ForeignObject"
	// ReasonSourceNAT: the gateway's Service hides clients' addresses behind those of nodes.
	ReasonSourceNAT = "SourceNAT"
	// ReasonNoTrustedProxies: clients may come through a proxy whose word on their addresses is not taken.
	ReasonNoTrustedProxies = "NoTrustedProxies"
	// ReasonTrustedProxies: clients' addresses are those that the trusted proxies say.
	ReasonTrustedProxies = "TrustedProxies"
	// ReasonAddressKept: the gateway's Service keeps clients' addresses.
	ReasonAddressKept = "AddressKept"
	// ReasonDirectorySynced: groups and owners were read from Jira.
	ReasonDirectorySynced = "Synced"
	// ReasonDirectoryUnreachable: Jira did not answer; the last answer counts until maxStaleness.
	ReasonDirectoryUnreachable = "JiraUnreachable"
	// ReasonDirectoryNotKept: Jira answered, and the API server did not take the Secrets that keep it (quota, admission).
	ReasonDirectoryNotKept = "NotKept"
	// ReasonDirectoryStale: Jira has not answered for longer than maxStaleness: what depends on it is not permitted.
	ReasonDirectoryStale = "Stale"
	// ReasonDirectoryRefused: Jira refused the directory's credential, or it is missing.
	ReasonDirectoryRefused = "CredentialRefused"
	// ReasonGroupNotFound: Jira has no group of the name that jiraGroups reads from Jira.
	ReasonGroupNotFound = "GroupNotFound"
	// ReasonLossHeld: a group lost more than half of its members at once, which is not applied yet.
	ReasonLossHeld = "LossHeld"
	// ReasonVerified: Jira takes the gateway's requests for the owners'.
	ReasonVerified = "Verified"
	// ReasonVerificationNotConfigured: there is no user to try the impersonation as.
	ReasonVerificationNotConfigured = "NotConfigured"
	// ReasonVerificationImpossible: Jira could not be asked; nothing is known to be wrong.
	ReasonVerificationImpossible = "CouldNotBeTried"
	// ReasonImpersonationRefused: Jira did not take the gateway's request for the user's.
	ReasonImpersonationRefused = "ImpersonationRefused"
	// ReasonHeaderBelievedFromAnybody: Jira believes the header without the secret, so whoever reaches it can be anybody.
	ReasonHeaderBelievedFromAnybody = "HeaderBelievedFromAnybody"
	// ReasonOwnerTokensRefused: the Jira tokens of some owners are no good; the others work.
	ReasonOwnerTokensRefused = "OwnerTokensRefused"
	// ReasonOwnerTokensExpiring: the owners must make new Jira tokens.
	ReasonOwnerTokensExpiring = "RenewalNeeded"
	// ReasonCertificateExpiring: a certificate has to be renewed.
	ReasonCertificateExpiring = "CertificateRenewalNeeded"
	// ReasonCertificateInvalid: a certificate has expired, or is not valid yet: connections fail.
	ReasonCertificateInvalid = "CertificateInvalid"
	// ReasonInUse: the policy is being deleted and ApiTokens have credentials from it.
	ReasonInUse = "InUse"
)
