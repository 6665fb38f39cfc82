import { celLimits } from './class-limits.ts'
import { apiVersion, classKind, group, plural, version } from './names.ts'

/**
 * The spec of the ValidatingAdmissionPolicy that refuses at apply what a class forbids. Each limit is a variable, and
 * everything that is beyond any is told at once. Whoever changes no spec is let through unseen: the operator among them.
 * Where the API server cannot judge, because classes are not there yet say, it lets everything through: the operator judges
 * by itself, and nothing may keep it from ending machines.
 */
export const classPolicy = (): Readonly<Record<string, unknown>> => ({
  failurePolicy: 'Ignore',
  paramKind: { apiVersion, kind: classKind },
  matchConstraints: {
    resourceRules: [
      { apiGroups: [group], apiVersions: [version], operations: ['CREATE', 'UPDATE'], resources: [plural] },
    ],
  },
  matchConditions: [
    {
      name: 'names-this-class',
      expression: 'has(object.spec.className) && object.spec.className == params.metadata.name',
    },
    { name: 'changes-the-spec', expression: 'oldObject == null || object.spec != oldObject.spec' },
  ],
  variables: [
    ...celLimits.map((expression, at) => ({ name: `limit${at}`, expression })),
    { name: 'beyond', expression: celLimits.map((_, at) => `variables.limit${at}`).join(' + ') },
  ],
  validations: [
    {
      expression: 'variables.beyond.size() == 0',
      messageExpression: "variables.beyond.join('; ')",
      reason: forbidden,
    },
  ],
})

/** metav1.StatusReasonForbidden: 403. */
const forbidden = 'Forbidden'
