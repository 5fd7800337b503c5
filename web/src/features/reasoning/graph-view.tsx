/** The graph as a drawing, a chunk of its own: @xyflow/react is loaded with it. */
import "@xyflow/react/dist/base.css";
import { BaseEdge, type Edge, type EdgeProps, Handle, type Node as FlowNode, type NodeProps, Panel, Position, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from "@xyflow/react";
import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { useEffect, useMemo } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/cn";
import { type Drawn, PLAN } from "./drawing";
import { NODE_HEIGHT, NODE_WIDTH, pathThrough, type Point } from "./graph";
import { grounds, StateMark } from "./state-mark";
import { marks } from "./words";

interface Props {
  nodes: Drawn[];
  chosen: string | null;
  onChoose: (id: string) => void;
}

type Data = { node: Drawn; chosen: boolean; onChoose: (id: string) => void };
type Box = FlowNode<Data, "box">;

function BoxView({ data: { node, chosen, onChoose } }: NodeProps<Box>) {
  const flow = useReactFlow();
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className="invisible" />
      <button
        type="button"
        aria-pressed={chosen}
        aria-label={`${node.title}: ${marks[node.state]}. ${node.text} ${node.note}`}
        onClick={() => onChoose(node.id)}
        onFocus={(event) => {
          // By keyboard: what has the focus is to be seen.
          if (event.currentTarget.matches(":focus-visible")) void flow.setCenter(node.x + NODE_WIDTH / 2, node.y + NODE_HEIGHT / 2, { zoom: flow.getZoom(), duration: 150 });
        }}
        style={{ width: NODE_WIDTH, height: NODE_HEIGHT }}
        className={cn("nodrag nopan pointer-events-auto grid cursor-pointer grid-rows-[auto_1fr_auto] gap-0.5 rounded-xl border p-2.5 text-left text-ink transition-colors", grounds[node.state], chosen && "outline-2 outline-offset-2 outline-accent")}
      >
        <span className="flex items-center justify-between gap-2">
          <span className="truncate text-[13px] font-semibold">{node.title}</span>
          <StateMark state={node.state} />
        </span>
        <span className="line-clamp-2 text-[13px] leading-snug [overflow-wrap:anywhere]">{node.text}</span>
        <span className="h-4 truncate text-xs leading-4 text-ink-2">{node.note}</span>
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} className="invisible" />
    </>
  );
}

type Line = Edge<{ way: Point[] }, "line">;

const LineView = ({ id, sourceX, sourceY, targetX, targetY, data, style }: EdgeProps<Line>) => (
  <BaseEdge id={id} path={pathThrough([{ x: sourceX, y: sourceY }, ...(data?.way ?? []), { x: targetX, y: targetY }])} style={style} />
);

const nodeTypes = { box: BoxView };
const edgeTypes = { line: LineView };

export default function GraphView(props: Props) {
  return (
    <ReactFlowProvider>
      <Drawing {...props} />
    </ReactFlowProvider>
  );
}

const FIT = { padding: 0.06, maxZoom: 1, minZoom: 0.3 };

function Drawing({ nodes: all, chosen, onChoose }: Props) {
  // Once there are steps, the planning before them tells nothing that the list and the steps do not.
  const nodes = useMemo(() => (all.length > 2 ? all.filter((node) => node.id !== PLAN) : all), [all]);
  const { fitView, zoomIn, zoomOut } = useReactFlow();
  const boxes = useMemo(
    () => nodes.map((node): Box => ({ id: node.id, type: "box", position: { x: node.x, y: node.y }, width: NODE_WIDTH, height: NODE_HEIGHT, data: { node, chosen: node.id === chosen, onChoose } })),
    [nodes, chosen, onChoose],
  );
  const lines = useMemo(
    () =>
      nodes.flatMap((node) =>
        node.before
          .filter((other) => nodes.some((one) => one.id === other.id))
          .map((other): Line => ({ id: `${other.id}>${node.id}`, type: "line", source: other.id, target: node.id, data: { way: other.way }, animated: node.state === "running", focusable: false, style: { stroke: "var(--line-strong)", strokeWidth: 1.5 } })),
      ),
    [nodes],
  );
  // The whole of it again when its shape or its room changes, and only then: who has zoomed in stays there.
  const width = useStore((state) => state.width);
  const shape = `${width} ${nodes.map((node) => `${node.id}<${node.before.map((one) => one.id).join()}`).join(";")}`;
  useEffect(() => {
    const frame = requestAnimationFrame(() => void fitView({ ...FIT, duration: 200 }));
    return () => cancelAnimationFrame(frame);
  }, [shape, fitView]);
  return (
    <ReactFlow
      nodes={boxes}
      edges={lines}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      fitView
      fitViewOptions={FIT}
      minZoom={0.2}
      maxZoom={1.5}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      disableKeyboardA11y
      preventScrolling={false}
      zoomOnScroll={false}
      panOnScroll={false}
      proOptions={{ hideAttribution: true }}
      aria-label="Graph of the plan"
    >
      <Panel position="bottom-right" className="flex gap-1 rounded-lg border bg-raised p-0.5">
        <Button variant="ghost" size="icon" aria-label="Zoom out" title="Zoom out" onClick={() => void zoomOut()}>
          <ZoomOut className="size-4" />
        </Button>
        <Button variant="ghost" size="icon" aria-label="Zoom in" title="Zoom in" onClick={() => void zoomIn()}>
          <ZoomIn className="size-4" />
        </Button>
        <Button variant="ghost" size="icon" aria-label="Show the whole graph" title="Show the whole graph" onClick={() => void fitView({ ...FIT, duration: 200 })}>
          <Maximize className="size-4" />
        </Button>
      </Panel>
    </ReactFlow>
  );
}
