export interface NativeCancel {
  cancel(): void;
}
