export interface TensorEntry {
  name: string;
  shape: number[];
  data: Float32Array;
}
