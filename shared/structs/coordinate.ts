// A network coordinate and what the API shows of it, in Consul's order of fields. Seconds everywhere.

export type Coordinate = {
  /** Position in the Euclidean space. */
  readonly Vec: readonly number[];
  /** Confidence, dimensionless: 1.5 knows nothing, 0 is exact. */
  readonly Error: number;
  /** Added to the predicted time: what the model gets wrong on average. */
  readonly Adjustment: number;
  /** The access link, which no Euclidean distance shows. */
  readonly Height: number;
};

/** One node's coordinate in one network segment; "" is the default segment. */
export type NodeCoordinate = {
  readonly Node: string;
  readonly Segment: string;
  readonly Coord: Coordinate;
};

/** /v1/coordinate/datacenters. */
export type DatacenterCoordinates = {
  readonly Datacenter: string;
  readonly AreaID: string;
  readonly Coordinates: readonly NodeCoordinate[];
};
