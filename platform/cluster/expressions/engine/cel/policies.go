// Validating admission policies: what is wrong with their expressions, and what they decide about a request.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"daruma.dev/cluster/expressions/internal/validating"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// The environment that all policies extend: building it is most of the work of a small policy.
var policyEnvironment = sync.OnceValues(func() (*plugincel.CompositionEnv, error) {
	base := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion(), true)
	return plugincel.NewCompositionEnv(plugincel.VariablesTypeName, base)
})

func policyCompiler() (*plugincel.CompositedCompiler, error) {
	template, err := policyEnvironment()
	if err != nil {
		return nil, err
	}
	return plugincel.NewCompositedCompilerFromTemplate(template), nil
}

func declared(policy *admissionv1.ValidatingAdmissionPolicy, authorizer bool) plugincel.OptionalVariableDeclarations {
	return plugincel.OptionalVariableDeclarations{
		HasParams: policy.Spec.ParamKind != nil, HasAuthorizer: authorizer, StrictCost: true,
	}
}

func decodePolicy(with json.RawMessage) (*admissionv1.ValidatingAdmissionPolicy, error) {
	var asked struct {
		Policy admissionv1.ValidatingAdmissionPolicy `json:"policy"`
	}
	return &asked.Policy, utiljson.Unmarshal(with, &asked)
}

// checkPolicy compiles every expression of a policy that is to be stored and answers the errors, in the order of the fields.
func checkPolicy(with json.RawMessage) (any, error) {
	policy, err := decodePolicy(with)
	if err != nil {
		return nil, err
	}
	compiler, err := policyCompiler()
	if err != nil {
		return nil, err
	}
	errs := field.ErrorList{}
	note := func(at *field.Path, expression string, result plugincel.CompilationResult) {
		if result.Error != nil {
			errs = append(errs, compilationError(at, expression, result.Error))
		}
	}
	spec := field.NewPath("spec")
	compile := func(at *field.Path, accessor plugincel.ExpressionAccessor, authorizer bool) {
		if strings.TrimSpace(accessor.GetExpression()) == "" {
			return
		}
		result := compiler.CompileCELExpression(accessor, declared(policy, authorizer), environment.NewExpressions)
		note(at, accessor.GetExpression(), result)
	}
	for i := range policy.Spec.MatchConditions {
		condition := (*matchconditions.MatchCondition)(&policy.Spec.MatchConditions[i])
		compile(spec.Child("matchConditions").Index(i).Child("expression"), condition, true)
	}
	for i, variable := range policy.Spec.Variables {
		if strings.TrimSpace(variable.Expression) == "" {
			continue
		}
		named := &validating.Variable{Name: variable.Name, Expression: variable.Expression}
		result := compiler.CompileAndStoreVariable(named, declared(policy, true), environment.NewExpressions)
		note(spec.Child("variables").Index(i).Child("expression"), variable.Expression, result)
	}
	for i, validation := range policy.Spec.Validations {
		at := spec.Child("validations").Index(i)
		compile(at.Child("expression"), &validating.ValidationCondition{Expression: validation.Expression}, true)
		message := &validating.MessageExpressionCondition{MessageExpression: validation.MessageExpression}
		compile(at.Child("messageExpression"), message, false)
	}
	for i, annotation := range policy.Spec.AuditAnnotations {
		condition := &validating.AuditAnnotationCondition{ValueExpression: strings.TrimSpace(annotation.ValueExpression)}
		compile(spec.Child("auditAnnotations").Index(i).Child("valueExpression"), condition, true)
	}
	return described(errs), nil
}

func compilationError(at *field.Path, expression string, err *apiservercel.Error) *field.Error {
	switch err.Type {
	case apiservercel.ErrorTypeRequired:
		return field.Required(at, err.Detail)
	case apiservercel.ErrorTypeInvalid:
		return field.Invalid(at, expression, err.Detail)
	default:
		return field.InternalError(at, err)
	}
}

// compilePolicy compiles a stored policy; what does not compile becomes an error of every decision.
func compilePolicy(with json.RawMessage) (any, error) {
	policy, err := decodePolicy(with)
	if err != nil {
		return nil, err
	}
	compiler, err := policyCompiler()
	if err != nil {
		return nil, err
	}
	variables := []plugincel.NamedExpressionAccessor{}
	for _, variable := range policy.Spec.Variables {
		variables = append(variables, &validating.Variable{Name: variable.Name, Expression: variable.Expression})
	}
	compiler.CompileAndStoreVariables(variables, declared(policy, true), environment.StoredExpressions)
	validations, messages, annotations := []plugincel.ExpressionAccessor{}, []plugincel.ExpressionAccessor{}, []plugincel.ExpressionAccessor{}
	for _, validation := range policy.Spec.Validations {
		validations = append(validations, &validating.ValidationCondition{
			Expression: validation.Expression, Message: validation.Message, Reason: validation.Reason,
		})
		if validation.MessageExpression == "" {
			messages = append(messages, nil)
		} else {
			messages = append(messages, &validating.MessageExpressionCondition{MessageExpression: validation.MessageExpression})
		}
	}
	for _, annotation := range policy.Spec.AuditAnnotations {
		annotations = append(annotations, &validating.AuditAnnotationCondition{
			Key: annotation.Key, ValueExpression: annotation.ValueExpression,
		})
	}
	condition := func(list []plugincel.ExpressionAccessor, authorizer bool) plugincel.ConditionEvaluator {
		return compiler.CompileCondition(list, declared(policy, authorizer), environment.StoredExpressions)
	}
	var matcher matchconditions.Matcher
	if conditions := policy.Spec.MatchConditions; len(conditions) > 0 {
		list := []plugincel.ExpressionAccessor{}
		for i := range conditions {
			list = append(list, (*matchconditions.MatchCondition)(&conditions[i]))
		}
		matcher = matchconditions.NewMatcher(condition(list, true), policy.Spec.FailurePolicy, "policy", "validate", policy.Name)
	}
	return keep(validating.NewValidator(condition(validations, true), matcher, condition(annotations, true),
		condition(messages, false), policy.Spec.FailurePolicy)), nil
}

// served is a resource with the kind of what is written through it: a Scale, for a subresource of a Deployment.
type served struct {
	Group    string                  `json:"group"`
	Version  string                  `json:"version"`
	Resource string                  `json:"resource"`
	Kind     metav1.GroupVersionKind `json:"kind"`
}

func (s served) gvk() schema.GroupVersionKind { return schema.GroupVersionKind(s.Kind) }

func (s served) gvr() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: s.Group, Version: s.Version, Resource: s.Resource}
}

type admissionRequest struct {
	Handle    int              `json:"handle"`
	Object    map[string]any   `json:"object"`
	OldObject map[string]any   `json:"oldObject"`
	Params    []map[string]any `json:"params"`
	Namespace json.RawMessage  `json:"namespaceObject"`
	Requested served           `json:"requested"`
	// What the policy matched, when that is an equivalent of what was asked for.
	Matched       served         `json:"matched"`
	Subresource   string         `json:"subresource"`
	Operation     string         `json:"operation"`
	Name          string         `json:"name"`
	NamespaceName string         `json:"namespace"`
	DryRun        bool           `json:"dryRun"`
	Options       map[string]any `json:"options"`
	User          struct {
		Name   string              `json:"name"`
		UID    string              `json:"uid"`
		Groups []string            `json:"groups"`
		Extra  map[string][]string `json:"extra"`
	} `json:"user"`
}

type decision struct {
	Action  string `json:"action"`
	Message string `json:"message,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Index   int    `json:"index"`
}

type auditAnnotation struct {
	Action string `json:"action"`
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Error  string `json:"error,omitempty"`
}

type verdict struct {
	Decisions   []decision        `json:"decisions"`
	Annotations []auditAnnotation `json:"annotations"`
}

func object(content map[string]any) runtime.Object {
	if content == nil {
		return nil
	}
	return &unstructured.Unstructured{Object: content}
}

// evaluatePolicy decides about one request, once for each parameter object (null: without parameters).
func evaluatePolicy(with json.RawMessage) (any, error) {
	var asked admissionRequest
	if err := utiljson.Unmarshal(with, &asked); err != nil {
		return nil, err
	}
	validator, ok := compiled[asked.Handle].(validating.Validator)
	if !ok {
		return nil, fmt.Errorf("there is no policy %d", asked.Handle)
	}
	var namespace *corev1.Namespace
	if len(asked.Namespace) > 0 && string(asked.Namespace) != "null" {
		namespace = &corev1.Namespace{}
		if err := utiljson.Unmarshal(asked.Namespace, namespace); err != nil {
			return nil, err
		}
	}
	who := &user.DefaultInfo{Name: asked.User.Name, UID: asked.User.UID, Groups: asked.User.Groups, Extra: asked.User.Extra}
	attributes := admission.NewAttributesRecord(object(asked.Object), object(asked.OldObject), asked.Requested.gvk(), asked.NamespaceName,
		asked.Name, asked.Requested.gvr(), asked.Subresource, admission.Operation(asked.Operation), object(asked.Options), asked.DryRun, who)
	versioned := &admission.VersionedAttributes{
		Attributes: attributes, VersionedKind: asked.Matched.gvk(),
		VersionedObject: object(asked.Object), VersionedOldObject: object(asked.OldObject),
	}
	verdicts := []verdict{}
	for _, params := range asked.Params {
		result := validator.Validate(context.Background(), asked.Matched.gvr(), versioned, object(params), namespace,
			celconfig.RuntimeCELCostBudget, hostAuthorizer{})
		verdicts = append(verdicts, verdictOf(result))
	}
	return map[string][]verdict{"verdicts": verdicts}, nil
}

func verdictOf(result validating.ValidateResult) verdict {
	said := verdict{Decisions: []decision{}, Annotations: []auditAnnotation{}}
	for i, made := range result.Decisions {
		said.Decisions = append(said.Decisions, decision{string(made.Action), made.Message, string(made.Reason), i})
	}
	for _, made := range result.AuditAnnotations {
		said.Annotations = append(said.Annotations, auditAnnotation{string(made.Action), made.Key, made.Value, made.Error})
	}
	return said
}
