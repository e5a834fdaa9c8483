// The door of the controllers: what makes the objects in the API come true, as kube-controller-manager and kube-scheduler do.
export { type ControllersOptions, startControllers } from './start-controllers.ts';
