import { describe, expect, it } from 'vitest';
import { aDeployment } from '../../test/fixtures/deployment.ts';
import type { DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, type InstanceState, newInstance } from '../fleet/instance.ts';
import { placeInstance } from './place-instance.ts';

const device = (id: string, labels = {}, isCordoned = false) => ({ id, isCordoned, labels });
const devices = [device('cpu'), device('cuda:0', { kind: 'fast' }), device('cuda:1', {}, true)];

const instance = (state: InstanceState): Instance => ({
  ...newInstance(
    { id: 'ins_1' as InstanceId, deploymentId: 'dep_1' as DeploymentId, workerId: 'local', revision: 1 },
    0,
  ),
  state,
  devices: ['cuda:0'],
});

const place = (placement: object, instances: readonly Instance[] = [], usesGpu = false) =>
  placeInstance({ deployment: aDeployment({ placement }), devices, instances, usesGpu });

describe('placeInstance', () => {
  it('takes the processor, however many have it, or a GPU for an engine that uses one', () => {
    expect(place({})).toEqual({ devices: ['cpu'] });
    expect(place({}, [], true)).toEqual({ devices: ['cuda:0'] });
    expect(place({ labels: { kind: 'fast' } }, [], true)).toEqual({ devices: ['cuda:0'] });
  });

  it('takes the emptiest of several GPUs, and the first of those that are alike', () => {
    const gpu = (id: string, freeBytes?: number) => ({ ...device(id), ...(freeBytes !== undefined && { freeBytes }) });
    const placed = (...gpus: ReturnType<typeof gpu>[]) =>
      placeInstance({ deployment: aDeployment(), devices: [device('cpu'), ...gpus], instances: [], usesGpu: true });
    expect(placed(gpu('cuda:0', 8), gpu('cuda:1', 24))).toEqual({ devices: ['cuda:1'] });
    expect(placed(gpu('cuda:0', 8), gpu('cuda:1', 8))).toEqual({ devices: ['cuda:0'] });
    expect(placed(gpu('cuda:0'), gpu('cuda:1'))).toEqual({ devices: ['cuda:0'] });
  });

  it.each<InstanceState>(['placed', 'fetching', 'starting', 'ready', 'ailing', 'stopping'])(
    'gives out no GPU twice: one that is %s has it',
    (state) => {
      expect(place({ devices: ['cuda:0'] }, [instance(state)])).toMatchObject({
        reason: expect.stringContaining("'cuda:0' is given to another"),
      });
      expect(place({}, [instance(state)], true)).toMatchObject({
        reason: expect.stringContaining('no device is free'),
      });
    },
  );

  it.each<InstanceState>(['pending', 'failed', 'stopped'])('gives it out when the one before is %s', (state) => {
    expect(place({ devices: ['cuda:0'] }, [instance(state)])).toEqual({ devices: ['cuda:0'] });
  });

  it('says what is in the way', () => {
    expect(place({ devices: ['cuda:7'] })).toEqual({ reason: "there is no device 'cuda:7' on this machine" });
    expect(place({ devices: ['cuda:1'] })).toEqual({ reason: "the device 'cuda:1' is cordoned" });
    expect(place({ labels: { kind: 'slow' } })).toMatchObject({ reason: expect.stringContaining('labels') });
  });
});
