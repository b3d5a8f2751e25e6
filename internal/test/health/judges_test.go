// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	fluxFile = "../../../docs/flux/kustomization.yaml"
	argoFile = "../../../docs/argocd/argocd-cm.yaml"
)

// judgement is what the tools make of an object.
type judgement struct{ kstatus, flux, argo string }

// agree are the judgements that mean the same.
var agree = []judgement{
	{"Current", "Current", "Healthy"},
	{"InProgress", "InProgress", "Progressing"},
	{"Terminating", "InProgress", "Progressing"},
	{"Failed", "Failed", "Degraded"},
}

// judges are the tools, with the configuration that docs/ tells to use.
type judges struct {
	flux map[string]*cel.StatusEvaluator
	argo map[string]string
}

func newJudges(t *testing.T) *judges {
	t.Helper()
	j := &judges{flux: map[string]*cel.StatusEvaluator{}, argo: map[string]string{}}
	var flux struct {
		Spec struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	read(t, fluxFile, &flux, false)
	for _, check := range flux.Spec.HealthCheckExprs {
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		must(t, err)
		j.flux[check.APIVersion+" "+check.Kind] = evaluator
	}
	var argo corev1.ConfigMap
	read(t, argoFile, &argo, true)
	j.argo = argo.Data
	return j
}

func read(t *testing.T, file string, into any, strict bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	if strict {
		must(t, yaml.UnmarshalStrict(text, into))
		return
	}
	must(t, yaml.Unmarshal(text, into))
}

// judge asks all of them; message is Argo CD's.
func (j *judges) judge(t *testing.T, u *unstructured.Unstructured) (found judgement, message string) {
	t.Helper()
	computed, err := status.Compute(u)
	must(t, err)
	evaluator := j.flux[u.GetAPIVersion()+" "+u.GetKind()]
	if evaluator == nil {
		t.Fatalf("%s has no expressions for %s", fluxFile, u.GetKind())
	}
	evaluated, err := evaluator.Evaluate(t.Context(), u)
	must(t, err)
	script := j.argo["resource.customizations.health."+u.GroupVersionKind().Group+"_"+u.GetKind()]
	health, message, err := runLua(t.Context(), script, u)
	if err != nil {
		t.Fatalf("%s: %v", u.GetKind(), err)
	}
	return judgement{computed.Status.String(), evaluated.Status.String(), health}, message
}

// runLua runs a health script as Argo CD does: with the libraries for tables and nothing else, for a second at most.
func runLua(ctx context.Context, script string, u *unstructured.Unstructured) (health, message string, err error) {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return "", "", err
		}
	}
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	l.SetContext(limited)
	l.SetGlobal("obj", luaValue(l, u.Object))
	if err := l.DoString(script); err != nil {
		return "", "", err
	}
	table, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("the script returned a %s", l.Get(-1).Type())
	}
	return table.RawGetString("status").String(), table.RawGetString("message").String(), nil
}

func luaValue(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		table := l.CreateTable(len(v), 0)
		for _, item := range v {
			table.Append(luaValue(l, item))
		}
		return table
	case map[string]any:
		table := l.CreateTable(0, len(v))
		for key, item := range v {
			table.RawSetString(key, luaValue(l, item))
		}
		return table
	default:
		return lua.LNil
	}
}
