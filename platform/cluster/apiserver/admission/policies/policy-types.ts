// The fields of admissionregistration.k8s.io/v1 that matching and parameters read.

export interface OperationRule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  resourceNames?: string[];
  scope?: string;
}

export interface MatchResources {
  resourceRules?: OperationRule[];
  excludeResourceRules?: OperationRule[];
  namespaceSelector?: Record<string, unknown>;
  objectSelector?: Record<string, unknown>;
  matchPolicy?: string;
}

export interface ParamKind {
  apiVersion: string;
  kind: string;
}

export interface ParamRef {
  name?: string;
  namespace?: string;
  selector?: Record<string, unknown>;
  parameterNotFoundAction?: string;
}

export interface PolicySpec {
  failurePolicy?: string;
  paramKind?: ParamKind;
  matchConstraints?: MatchResources;
}

export interface BindingSpec {
  policyName: string;
  paramRef?: ParamRef;
  matchResources?: MatchResources;
  validationActions?: string[];
}
