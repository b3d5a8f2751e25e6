// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"slices"

	"github.com/spf13/pflag"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/declare"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// options are the command's flags.
type options struct {
	flags *pflag.FlagSet

	policy, policyFile string

	file     string
	declared declare.Flags

	requester                   string
	requesterGroups             []string
	namespaceLabels             map[string]string
	memberOf, requesterMemberOf []string

	output string
}

func (o *options) addFlags(fs *pflag.FlagSet) {
	o.flags = fs
	fs.SortFlags = false
	fs.StringVar(&o.policy, "policy", "", "policy to ask, as namespace/name; default: the manifest's or the policy file's")
	fs.StringVar(&o.policyFile, "policy-file", "", "ask the TokenPolicy in this file (- is standard input) and no cluster")
	fs.StringVarP(&o.file, "filename", "f", "", "manifest of the ApiToken (- is standard input), instead of the flags below")
	o.declared.AddFlags(fs)
	fs.StringVar(&o.requester, "requester", "", "Kubernetes user who declares the token; default: who kubectl is")
	fs.StringArrayVar(&o.requesterGroups, "requester-group", nil, "Kubernetes group of the --requester; can be repeated")
	fs.StringToStringVar(&o.namespaceLabels, "namespace-labels", nil,
		"labels of the namespace, instead of those read from the cluster, such as team=platform,stage=test")
	fs.Lookup("namespace-labels").DefValue = "" // not [], which help would print
	fs.StringArrayVar(&o.memberOf, "member-of", nil,
		"suppose that the owner is an active Jira user in this group, and in no other that the policy reads from Jira; "+
			"can be repeated; '' for none")
	fs.StringArrayVar(&o.requesterMemberOf, "requester-member-of", nil, "the same for the requester's Jira user")
	fs.StringVarP(&o.output, "output", "o", outputTable, "table, json or yaml")
}

// check looks at what flags can't go together.
func (o *options) check() error {
	if !slices.Contains([]string{outputTable, outputJSON, outputYAML}, o.output) {
		return usage.Errorf("--output is %q; table, json or yaml is needed", o.output)
	}
	if o.file != "" {
		for _, name := range declare.Names {
			if o.flags.Changed(name) {
				return usage.Errorf("--%s can't go with -f: the manifest says it", name)
			}
		}
	}
	switch {
	case o.file == "" && o.declared.Owner == "":
		return usage.Errorf("--owner is needed, the Jira user whose token it would be; or -f with a manifest")
	case o.file == "" && len(o.declared.Scopes) == 0:
		return usage.Errorf("--scopes is needed, such as read,write; or -f with a manifest")
	case o.file == "" && o.policyFile == "" && o.policy == "":
		return usage.Errorf("--policy is needed, as namespace/name; or --policy-file with a TokenPolicy, or -f with a manifest")
	case o.file == "-" && o.policyFile == "-":
		return usage.Errorf("-f and --policy-file can't both be standard input")
	case len(o.requesterGroups) > 0 && o.requester == "":
		return usage.Errorf("--requester-group needs --requester, the user who is in the group")
	}
	return nil
}

// supposes tells whether groups of Jira's are supposed rather than read.
func (o *options) supposes() bool {
	return o.flags.Changed("member-of") || o.flags.Changed("requester-member-of")
}
