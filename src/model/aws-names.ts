/** What AWS's ids and names look like: for the custom resource, which tells users, and for whoever reads its settings. */
export const awsPatterns = {
  region: /^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$/,
  zone: /^[a-z]{2,3}(-[a-z0-9]+)+-[0-9]{1,2}([a-z]|-[a-z0-9-]+[a-z])$/,
  subnet: /^subnet-[0-9a-f]{8,17}$/,
  vpc: /^vpc-[0-9a-f]{8,17}$/,
  securityGroup: /^sg-[0-9a-f]{8,17}$/,
  image: /^ami-[0-9a-f]{8,17}$/,
  parameter: /^\/?[A-Za-z0-9_./-]+$/,
  owner: /^([0-9]{12}|self|amazon|aws-marketplace)$/,
  imageName: /^[A-Za-z0-9()[\] ./@_*?-]{3,128}$/,
  instanceProfile: /^(arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile\/)?[A-Za-z0-9_+=,.@/-]{1,512}$/,
  kmsKey: /^[A-Za-z0-9:/_-]+$/,
  /** Of a key pair or a placement group. */
  name: /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/,
  tagKey: /^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/u,
  /** AWS's own, and ours. */
  reservedTag: /^(aws:|cloud\.dask\.org\/)/i,
  tagValue: /^[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}$/u,
} as const

export const diskTypes = ['gp3', 'gp2', 'io2', 'io1', 'st1', 'sc1', 'standard'] as const

export const awsBounds = {
  zones: 6,
  subnets: 12,
  groups: 5,
  sshCIDRs: 16,
  /** AWS takes 50, and the operator's own are among them. */
  tags: 30,
  diskGiB: { min: 8, max: 16_384 },
  iops: { min: 100, max: 256_000 },
  throughputMiBps: { min: 125, max: 2_000 },
} as const
