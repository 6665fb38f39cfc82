import { expect, test } from 'vitest'
import { ec2Model } from '../support/aws/model.ts'

test('AWS’s own description knows a wrong request and a wrong answer by their names', async () => {
  const model = await ec2Model()
  const asked = new Map([
    ['MinCount', 'one'],
    ['Colour', 'red'],
  ])
  expect(model.request('RunInstances', asked)).toEqual([
    'RunInstances.MaxCount is missing',
    'RunInstances.MinCount is no such number: one',
    'RunInstances.Colour is unknown',
  ])
  const body = '<R><reservationSet><item><colour>red</colour></item></reservationSet></R>'
  expect(model.answer('DescribeInstances', body)).toEqual([
    'DescribeInstances.reservationSet.item.colour is unknown',
  ])
  expect(model.sts.request('AssumeRole', new Map([['RoleArn', 'arn:aws:iam::111122223333:role/a']]))).toEqual(
    ['AssumeRole.RoleSessionName is missing'],
  )
  expect(model.sts.answer('AssumeRole', '<R><Credentials></Credentials></R>')).not.toEqual([])
  expect(model.ssm.answer('GetParameter', '{"Parameter":{"Name":"a","Colour":"red"}}')).toEqual([
    'GetParameter.Parameter.Colour is unknown',
  ])
})
