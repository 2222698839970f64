/** How the images of a set come to be of one shape, and what happens to those that cannot be decoded. */
export interface ImageConfig {
  /** Height = width of the images delivered. Default: that of the first image. */
  size?: number;
  /** 1 (grey) or 3. Default: 3 for encoded images, what it is for pixels. */
  channels?: number;
  /**
   * Where nothing is varied, the short side is scaled to so many pixels, then the centre is taken. Default: 8/7 of
   * `size` (256 for 224), but images that are of this size already stay as they are.
   */
  resize?: number;
  /** Turn pictures as their EXIF orientation says. Default true. */
  upright?: boolean;
  /** Order of the three channels of colour images. Default `rgb`, as in the files. */
  channelOrder?: 'rgb' | 'bgr';
  /**
   * Decode random crops at full resolution even where JPEG's own scaling to 1/2, 1/4 or 1/8 leaves enough pixels. It
   * is slower and the difference is small. Default false; images that are not varied are always exact.
   */
  exactDecode?: boolean;
  /** Width times height beyond which an image is refused as a decompression bomb. Default 178,956,970. */
  pixelLimit?: number;
  /** Bytes of decoded images kept in memory, if the whole set fits. Default 0: none. */
  cacheBytes?: number;
  /** Broken images: `error` (default) stops, `skip` leaves them out of their batches. */
  broken?: 'error' | 'skip';
  /** Share of broken images at which `skip` stops, too. Default 0.01. */
  brokenShare?: number;
}
