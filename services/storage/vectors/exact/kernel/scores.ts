// Nearness of rows of float32 to a query. `stride` is the size of a row in bytes, a multiple of 16; rows are padded by zeros.

/** Inner products of the query and the rows of a list of row numbers. */
export function dots(query: usize, rows: usize, stride: usize, list: usize, count: u32, out: usize): void {
  for (let index: u32 = 0; index < count; index++) {
    const row = rows + usize(load<u32>(list + (index << 2))) * stride;
    let one = f32x4.splat(0);
    let two = f32x4.splat(0);
    let three = f32x4.splat(0);
    let four = f32x4.splat(0);
    let at: usize = 0;
    for (; at + 64 <= stride; at += 64) {
      one = f32x4.add(one, f32x4.mul(v128.load(query + at), v128.load(row + at)));
      two = f32x4.add(two, f32x4.mul(v128.load(query + at, 16), v128.load(row + at, 16)));
      three = f32x4.add(three, f32x4.mul(v128.load(query + at, 32), v128.load(row + at, 32)));
      four = f32x4.add(four, f32x4.mul(v128.load(query + at, 48), v128.load(row + at, 48)));
    }
    for (; at < stride; at += 16) {
      one = f32x4.add(one, f32x4.mul(v128.load(query + at), v128.load(row + at)));
    }
    store<f32>(out + (index << 2), sum(f32x4.add(f32x4.add(one, two), f32x4.add(three, four))));
  }
}

/** Squares of the distances, negated: the nearest row has the largest. */
export function distances(query: usize, rows: usize, stride: usize, list: usize, count: u32, out: usize): void {
  for (let index: u32 = 0; index < count; index++) {
    const row = rows + usize(load<u32>(list + (index << 2))) * stride;
    let one = f32x4.splat(0);
    let two = f32x4.splat(0);
    let at: usize = 0;
    for (; at + 32 <= stride; at += 32) {
      const left = f32x4.sub(v128.load(query + at), v128.load(row + at));
      const right = f32x4.sub(v128.load(query + at, 16), v128.load(row + at, 16));
      one = f32x4.add(one, f32x4.mul(left, left));
      two = f32x4.add(two, f32x4.mul(right, right));
    }
    for (; at < stride; at += 16) {
      const left = f32x4.sub(v128.load(query + at), v128.load(row + at));
      one = f32x4.add(one, f32x4.mul(left, left));
    }
    store<f32>(out + (index << 2), -sum(f32x4.add(one, two)));
  }
}

function sum(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    f32x4.extract_lane(lanes, 2) +
    f32x4.extract_lane(lanes, 3)
  );
}
